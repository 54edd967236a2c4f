#include "data/samples/letters.h"

#include <algorithm>

namespace genesis::data::samples {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", kVowels = "AEIOU";

/// "Q T X": a letter is a word of its own, as a code is read out.
std::string spelled(const std::string& code) {
  std::string text;
  for (const char c : code) {
    if (!text.empty()) text += ' ';
    text += c;
  }
  return text;
}

Turn ask_about(Draw& draw, const std::string& code) {
  const std::string shown = spelled(code);
  const auto ask = [&](std::string_view task, std::initializer_list<std::string_view> patterns,
                       std::string_view verb, std::string_view result) {
    return Turn{say(draw, patterns, shown), fmt::format("The code {} {} {}.", shown, verb, result),
                key_of(task, shown)};
  };
  const auto vowel = [](char c) { return kVowels.find(c) != std::string_view::npos; };
  switch (draw.below(6)) {
    case 0:
    case 1:
      return ask("mirror", {"Write backwards: {}.", "Reverse the code {}.", "What is the mirror of {}?"},
                 "backwards is", spelled({code.rbegin(), code.rend()}));
    case 2:
      return ask("first_letter", {"What is the first letter of {}?", "Which letter comes first: {}?"},
                 "starts with", std::string_view(code).substr(0, 1));
    case 3:
      return ask("last_letter", {"What is the last letter of {}?", "Which letter comes last: {}?"},
                 "ends with", std::string_view(code).substr(code.size() - 1));
    case 4:
      return ask("vowels", {"How many vowels are in {}?", "Count the vowels of {}."},
                 "has this many vowels:", std::to_string(std::count_if(code.begin(), code.end(), vowel)));
    default:
      return ask("second_letter", {"What is the second letter of {}?", "Which letter comes second: {}?"},
                 "has as its second letter", std::string_view(code).substr(1, 1));
  }
}

}  // namespace

Dialogue letters(Draw& draw, Side side, int turns) {
  std::string code, sorted;
  do {
    code.clear();
    for (const char c : draw.sample<char>(kAlphabet, kListLength)) code += c;
    sorted = code;
    std::sort(sorted.begin(), sorted.end());
  } while (side_of("letters|" + sorted) != side);
  Dialogue dialogue;
  while (int(dialogue.size()) < turns) dialogue.push_back(ask_about(draw, code));
  return dialogue;
}

}  // namespace genesis::data::samples
