#include "data/samples/numbers.h"

#include <algorithm>
#include <array>

namespace genesis::data::samples {
namespace {

std::string listed(const std::vector<int>& values, std::string_view separator) {
  return fmt::format("{}", fmt::join(values, separator));
}

Turn ask_parity(Draw& draw, Side side) {
  int value;
  do value = draw.between(100, 999);
  while (side_of(key_of("parity", std::to_string(value))) != side);
  return {say(draw, {"Is {} even or odd?", "Is the number {} odd or even?", "Tell me if {} is even or odd."},
              value),
          fmt::format("{} is {}.", value, value % 2 == 0 ? "even" : "odd"),
          key_of("parity", std::to_string(value))};
}

Turn ask_larger(Draw& draw, Side side) {
  int a, b;
  std::string key;
  do {
    a = draw.between(10, 99);
    b = draw.between(10, 99);
    key = key_of("larger", fmt::format("{},{}", std::min(a, b), std::max(a, b)));
  } while (a / 10 == b / 10 || side_of(key) != side);
  return {
      say(draw, {"Which is larger, {} or {}?", "Which number is bigger: {} or {}?", "Is {} or {} larger?"}, a,
          b),
      fmt::format("{} is larger than {}.", std::max(a, b), std::min(a, b)), key};
}

Turn ask_about(Draw& draw, const std::vector<int>& values) {
  std::vector<int> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::string shown = listed(values, ", "), operands = listed(sorted, ",");
  const auto ask = [&](std::string_view task, std::initializer_list<std::string_view> patterns, int result) {
    return Turn{say(draw, patterns, shown), fmt::format("Of {} the {} is {}.", shown, task, result),
                key_of(task, operands)};
  };
  if (draw.chance(50))
    return ask("largest",
               {"Which of these numbers is the largest: {}?", "What is the biggest of {}?",
                "Find the largest number of {}."},
               sorted.back());
  return ask("smallest",
             {"Which of these numbers is the smallest: {}?", "What is the smallest of {}?",
              "Find the smallest number of {}."},
             sorted.front());
}

/// Numbers of two digits whose tens all differ: which is larger can be told from the first digit.
std::vector<int> new_list(Draw& draw) {
  std::vector<int> values;
  for (const int tens : draw.sample<int>(std::array{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3))
    values.push_back(10 * tens + draw.between(0, 9));
  return values;
}

}  // namespace

Dialogue numbers(Draw& draw, Side side, int turns) {
  std::vector<int> values, sorted;
  do {
    values = sorted = new_list(draw);
    std::sort(sorted.begin(), sorted.end());
  } while (side_of("numbers|" + listed(sorted, ",")) != side);

  Dialogue dialogue;
  while (int(dialogue.size()) < turns) {
    const uint32_t kind = draw.below(10);
    dialogue.push_back(kind < 6   ? ask_about(draw, values)
                       : kind < 8 ? ask_parity(draw, side)
                                  : ask_larger(draw, side));
  }
  return dialogue;
}

}  // namespace genesis::data::samples
