#include "data/samples/letters.h"

#include <algorithm>

namespace genesis::data::samples {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// "Q T X": a letter is a word of its own, as a code is read out.
std::string spelled(const std::string& code) {
  std::string text;
  for (const char c : code) {
    if (!text.empty()) text += ' ';
    text += c;
  }
  return text;
}

Turn ask_about(Draw& draw, const std::string& code, bool first) {
  const std::string shown = spelled(code);
  const auto ask = [&](std::string_view task, std::initializer_list<std::string_view> alone,
                       std::initializer_list<std::string_view> follow_up, std::string answer) {
    std::string question = first ? say(draw, alone, shown) : std::string(draw.pick(follow_up));
    return Turn{std::move(question), std::move(answer), key_of(task, shown)};
  };
  switch (draw.below(6)) {
    case 0:
    case 1:
      return ask("mirror", {"Write {} backwards.", "Reverse the code {}.", "What is the code {} backwards?"},
                 {"Now backwards.", "And backwards?", "Now reverse it."},
                 fmt::format("The code {} backwards is {}.", shown, spelled({code.rbegin(), code.rend()})));
    case 2:
      return ask("first_letter", {"What is the first letter of {}?", "Which letter does {} start with?"},
                 {"What is its first letter?", "And the first letter?"},
                 fmt::format("The code {} starts with {}.", shown, code.front()));
    case 3:
      return ask("last_letter", {"What is the last letter of {}?", "Which letter does {} end with?"},
                 {"What is its last letter?", "And the last letter?"},
                 fmt::format("The code {} ends with {}.", shown, code.back()));
    case 4:
      return ask("copy", {"Repeat {}.", "Write {} again.", "Copy the code {}."},
                 {"Please repeat it.", "And once more?"}, fmt::format("The code is {}.", shown));
    default:
      return ask("length",
                 {"How many letters does {} have?", "How long is the code {}?", "Count the letters of {}."},
                 {"How many letters does it have?", "And how long is it?"},
                 fmt::format("The code {} has {} letters.", shown, code.size()));
  }
}

}  // namespace

Dialogue letters(Draw& draw, Side side, int turns) {
  std::string code, sorted;
  do {
    const int length = draw.between(3, 5);
    code.clear();
    for (int i = 0; i < length; ++i) code += draw.pick(kAlphabet);
    sorted = code;
    std::sort(sorted.begin(), sorted.end());
  } while (side_of("letters|" + sorted) != side);
  Dialogue dialogue;
  while (int(dialogue.size()) < turns) dialogue.push_back(ask_about(draw, code, dialogue.empty()));
  return dialogue;
}

}  // namespace genesis::data::samples
