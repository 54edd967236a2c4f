#include "data/samples/clock.h"

namespace genesis::data::samples {
namespace {

constexpr int kLastHour = 23, kFewestHours = 2, kMostHours = 9;

std::string shown(int hour, int minute) { return fmt::format("{:02}:{:02}", hour, minute); }

std::string key_for(int hour, int minute, int hours) {
  return key_of("later", fmt::format("{},{}", shown(hour, minute), hours));
}

/// A time and a number of hours after it, on this side and within one day.
struct Wait {
  int hour = 0, minute = 0, hours = 0;
};

bool fits(const Wait& w, Side side) {
  return w.hour + w.hours <= kLastHour && side_of(key_for(w.hour, w.minute, w.hours)) == side;
}

Wait new_wait(Draw& draw, Side side) {
  Wait w;
  do w = {draw.between(0, kLastHour), draw.between(0, 59), draw.between(kFewestHours, kMostHours)};
  while (!fits(w, side));
  return w;
}

Turn turn_of(std::string question, const Wait& w) {
  const int then = w.hour + w.hours;
  return {std::move(question),
          fmt::format("{} + {} = {}, so {}.", w.hour, w.hours, then, shown(then, w.minute)),
          key_for(w.hour, w.minute, w.hours)};
}

}  // namespace

Dialogue clock(Draw& draw, Side side, int turns) {
  Dialogue dialogue;
  Wait wait;
  while (int(dialogue.size()) < turns) {
    const Wait next{wait.hour + wait.hours, wait.minute, draw.between(kFewestHours, kMostHours)};
    if (!dialogue.empty() && fits(next, side)) {
      wait = next;
      dialogue.push_back(
          turn_of(say(draw, {"And {} hours later?", "And {} hours after that?"}, wait.hours), wait));
      continue;
    }
    wait = new_wait(draw, side);
    dialogue.push_back(
        turn_of(say(draw,
                    {"It is {}. What time is it in {} hours?", "What time is it {1} hours after {0}?",
                     "The train leaves at {} and takes {} hours. When does it arrive?"},
                    shown(wait.hour, wait.minute), wait.hours),
                wait));
  }
  return dialogue;
}

}  // namespace genesis::data::samples
