#include "data/samples/numbers.h"

#include <algorithm>

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
  } while (a == b || side_of(key) != side);
  return {
      say(draw, {"Which is larger, {} or {}?", "Which number is bigger: {} or {}?", "Is {} or {} larger?"}, a,
          b),
      fmt::format("{} is larger than {}.", std::max(a, b), std::min(a, b)), key};
}

Turn ask_about(Draw& draw, const std::vector<int>& values, bool first) {
  std::vector<int> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::string shown = listed(values, ", "), operands = listed(sorted, ",");
  const auto ask = [&](std::string_view task, std::initializer_list<std::string_view> alone,
                       std::initializer_list<std::string_view> follow_up, std::string answer) {
    std::string question = first ? say(draw, alone, shown) : std::string(draw.pick(follow_up));
    return Turn{std::move(question), std::move(answer), key_of(task, operands)};
  };
  switch (draw.below(2)) {
    case 0:
      return ask("largest",
                 {"Which of these numbers is the largest: {}?", "What is the biggest of {}?",
                  "Find the largest number: {}.", "Take the list {}. Which number is the largest?"},
                 {"And the largest?", "Which one is the biggest?", "What is the largest one?"},
                 fmt::format("The largest of {} is {}.", shown, sorted.back()));
    default:
      return ask("smallest",
                 {"Which of these numbers is the smallest: {}?", "What is the smallest of {}?",
                  "Find the smallest number: {}.", "Take the list {}. Which number is the smallest?"},
                 {"And the smallest?", "Which one is the smallest?", "What is the smallest one?"},
                 fmt::format("The smallest of {} is {}.", shown, sorted.front()));
  }
}

}  // namespace

Dialogue numbers(Draw& draw, Side side, int turns) {
  std::vector<int> values;
  std::vector<int> sorted;
  do {
    values.clear();
    const size_t count = size_t(draw.between(3, 4));
    while (values.size() < count) {
      const int value = draw.between(10, 99);
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    }
    sorted = values;
    std::sort(sorted.begin(), sorted.end());
  } while (side_of("numbers|" + listed(sorted, ",")) != side);

  Dialogue dialogue;
  while (int(dialogue.size()) < turns) {
    if (dialogue.empty() || draw.chance(70)) {
      dialogue.push_back(ask_about(draw, values, dialogue.empty()));
    } else {
      // a question about another number ends the talk about the list
      dialogue.push_back(draw.chance(50) ? ask_parity(draw, side) : ask_larger(draw, side));
      break;
    }
  }
  return dialogue;
}

}  // namespace genesis::data::samples
