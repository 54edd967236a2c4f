#pragma once
#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/samples/draw.h"

namespace genesis::data::samples {

/// One question with its answer. `key` names the problem whatever its wording is: "task|operands", operands
/// that commute in one fixed order. An empty key marks small talk, which is never asked in the held-out file.
struct Turn {
  std::string question;
  std::string answer;
  std::string key;
};

using Dialogue = std::vector<Turn>;

/// Lists of words and letters have this many elements (of numbers: three) and stand at the end of their
/// question, before one punctuation mark. So an answer finds what it repeats at a fixed distance, which a
/// small model learns within a few hundred steps; with lists of any length at any place it may take
/// thousands, and when is a matter of luck.
constexpr size_t kListLength = 4;

/// Which file a problem may appear in.
enum class Side { train, held_out };

/// The side of a subject (the operands a dialogue is about, or the key itself): a fixed hash sends one
/// subject in ten to `held_out`. It depends on nothing else, so no seed and no wording moves a problem to the
/// other side.
Side side_of(std::string_view subject);

/// Fills one of `patterns` (fmt syntax), chosen at random.
template <class... Values>
std::string say(Draw& draw, std::initializer_list<std::string_view> patterns, const Values&... values) {
  return fmt::format(fmt::runtime(draw.pick(patterns)), values...);
}

/// "task|a,b,c"
std::string key_of(std::string_view task, std::string_view operands);

/// Joins with `separator`.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace genesis::data::samples
