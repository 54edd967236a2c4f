#include "data/samples/clock.h"

namespace genesis::data::samples {
namespace {

std::string shown(int hour, int minute) { return fmt::format("{:02}:{:02}", hour, minute); }

}  // namespace

Dialogue clock(Draw& draw, Side side, int turns) {
  Dialogue dialogue;
  int hour = 0, minute = 0;
  while (int(dialogue.size()) < turns) {
    bool first = dialogue.empty();
    int steps = 0, attempts = 0;
    bool later = true;
    std::string key;
    do {
      first = first || ++attempts > 32;  // no step from here is on this side: ask about another time
      if (first) {
        hour = draw.between(0, 23);
        minute = draw.between(0, 59);
      }
      steps = draw.between(2, 9);
      later = hour + steps <= 23 && (hour < steps || draw.chance(60));  // the day does not end in between
      key = key_of(later ? "later" : "earlier", fmt::format("{},{}", shown(hour, minute), steps));
    } while (side_of(key) != side);
    std::string question;
    if (first) {
      const std::string time = shown(hour, minute);
      question =
          later ? say(draw,
                      {"It is {}. What time is it in {} hours?", "What time is it {1} hours after {0}?",
                       "The train leaves at {} and takes {} hours. When does it arrive?"},
                      time, steps)
                : say(draw,
                      {"It is {}. What time was it {} hours ago?", "What time is it {1} hours before {0}?",
                       "The train arrives at {} and took {} hours. When did it leave?"},
                      time, steps);
    } else {
      question = later ? say(draw, {"And {} hours later?", "And {} hours after that?"}, steps)
                       : say(draw, {"And {} hours earlier?", "And {} hours before that?"}, steps);
    }
    const int before = hour;
    hour += later ? steps : -steps;
    dialogue.push_back(
        {std::move(question),
         fmt::format("{} {} {} = {}, so {}.", before, later ? "+" : "-", steps, hour, shown(hour, minute)),
         std::move(key)});
  }
  return dialogue;
}

}  // namespace genesis::data::samples
