#include "data/samples/arithmetic.h"

#include <algorithm>

namespace genesis::data::samples {
namespace {

constexpr int kSmallest = 10,
              kLargest = 99;  // two digits, so that every problem has a column of ones and one of tens

std::string sum_key(int a, int b) {
  return key_of("add", fmt::format("{},{}", std::min(a, b), std::max(a, b)));
}

std::string difference_key(int a, int b) { return key_of("subtract", fmt::format("{},{}", a, b)); }

/// "47 + 38: 7 + 8 = 15, 4 + 3 + 1 = 8, so 85."
std::string worked_sum(int a, int b) {
  const int ones = a % 10 + b % 10, carry = ones / 10;
  return fmt::format("{} + {}: {} + {} = {}, {} + {}{} = {}, so {}.", a, b, a % 10, b % 10, ones, a / 10,
                     b / 10, carry ? " + 1" : "", a / 10 + b / 10 + carry, a + b);
}

/// "83 - 64: 13 - 4 = 9, 8 - 6 - 1 = 1, so 19."
std::string worked_difference(int a, int b) {
  const int borrow = a % 10 < b % 10 ? 1 : 0, ones = a % 10 + 10 * borrow;
  return fmt::format("{} - {}: {} - {} = {}, {} - {}{} = {}, so {}.", a, b, ones, b % 10, ones - b % 10,
                     a / 10, b / 10, borrow ? " - 1" : "", a / 10 - b / 10 - borrow, a - b);
}

Turn ask_sum(Draw& draw, Side side) {
  int a, b;
  do {
    a = draw.between(kSmallest, kLargest);
    b = draw.between(kSmallest, kLargest);
  } while (side_of(sum_key(a, b)) != side);
  return {say(draw,
              {"What is {} + {}?", "What is {} plus {}?", "Add {} and {}.", "{} + {} = ?",
               "How much is {} plus {}?", "Calculate {} + {}.", "What is the sum of {} and {}?",
               "I have {} coins and get {} more. How many coins do I have?"},
              a, b),
          worked_sum(a, b), sum_key(a, b)};
}

Turn ask_difference(Draw& draw, Side side) {
  int a, b;
  do {
    a = draw.between(kSmallest, kLargest);
    b = draw.between(kSmallest, kLargest);
    if (a < b) std::swap(a, b);
  } while (side_of(difference_key(a, b)) != side);
  return {say(draw,
              {"What is {} - {}?", "What is {} minus {}?", "{} - {} = ?", "How much is {} minus {}?",
               "Calculate {} - {}.", "I have {} coins and give away {}. How many coins do I have?"},
              a, b),
          worked_difference(a, b), difference_key(a, b)};
}

/// Continues from `result`, or returns an empty question when no step from there is on this side.
Turn ask_next(Draw& draw, Side side, int result) {
  for (int attempt = 0; attempt < 32; ++attempt) {
    const int step = draw.between(kSmallest, kLargest);
    if (draw.chance(50)) {
      if (side_of(sum_key(result, step)) != side) continue;
      return {say(draw, {"And plus {}?", "Now add {}.", "Plus {}?", "And {} more?"}, step),
              worked_sum(result, step), sum_key(result, step)};
    }
    if (step > result || side_of(difference_key(result, step)) != side) continue;
    return {say(draw, {"And minus {}?", "Now take away {}.", "Minus {}?", "And {} less?"}, step),
            worked_difference(result, step), difference_key(result, step)};
  }
  return {};
}

}  // namespace

Dialogue arithmetic(Draw& draw, Side side, int turns) {
  Dialogue dialogue;
  int result = 0;
  while (int(dialogue.size()) < turns) {
    Turn turn;
    if (!dialogue.empty() && result >= kSmallest && result <= kLargest && draw.chance(40))
      turn = ask_next(draw, side, result);
    if (turn.question.empty()) turn = draw.chance(50) ? ask_sum(draw, side) : ask_difference(draw, side);
    result = std::stoi(turn.answer.substr(turn.answer.rfind(' ') + 1));
    dialogue.push_back(std::move(turn));
  }
  return dialogue;
}

}  // namespace genesis::data::samples
