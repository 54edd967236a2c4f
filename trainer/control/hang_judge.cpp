#include "trainer/control/hang_judge.h"

#include <algorithm>
#include <map>

namespace genesis::trainer {
namespace {

constexpr double kDeadAfter = 1.0;  // s: the launcher's own message comes first where there is one
constexpr double kSilentNow = 1.0;  // s without a beat that make a rank suspicious once the job hangs
constexpr double kRecovered = 3.0;  // times the longest quiet time that ended well

bool took_part(const Finding& f) { return f.pulse.beat > 0 && f.pulse.phase != Phase::gone; }

Trouble kind_of_silence(const Finding& f, bool far) {
  switch (f.pulse.process_state) {
    case 'T':
    case 't':
      return Trouble::stopped;
    case 'Z':
    case 'X':
    case '-':
      return Trouble::dead;
    default:
      return far ? Trouble::unreachable : Trouble::silent;
  }
}

/// Where a rank stands in the order of calls, as text two ranks can be compared by.
std::string place_of(const PulseView& p) {
  return fmt::format("{} {} {}", p.call.group.data(), p.call.call.sequence, describe(p.call.call));
}

bool far_at(const std::vector<bool>& far, size_t i) { return i < far.size() && far[i]; }

}  // namespace

std::optional<Verdict> HangJudge::look(std::span<const PulseView> pulses, double dt,
                                       const std::vector<bool>& far) {
  memory_.resize(pulses.size());
  bool moved = false;
  for (size_t i = 0; i < pulses.size(); ++i) {
    Memory& m = memory_[i];
    m.silent = pulses[i].beat != m.beat ? 0 : m.silent + dt;
    if (pulses[i].progress != m.progress) {
      m.still = 0;
      moved = true;
    } else {
      m.still += dt;
    }
    m.beat = pulses[i].beat;
    m.progress = pulses[i].progress;
  }
  const bool in_steps =
      std::all_of(pulses.begin(), pulses.end(), [](const PulseView& p) { return p.phase == Phase::step; });
  if (moved && in_steps) longest_quiet_ = std::max(longest_quiet_, quiet_);
  quiet_ = moved ? 0 : quiet_ + dt;

  std::vector<Finding> all;
  for (size_t i = 0; i < pulses.size(); ++i)
    all.push_back({pulses[i], Trouble::none, memory_[i].silent, memory_[i].still});
  if (mark_quiet_ranks(all, far)) return Verdict{std::move(all), true};
  const bool waiting =
      std::any_of(all.begin(), all.end(), [](const Finding& f) { return took_part(f) && f.pulse.waiting; });
  if (!waiting || quiet_ <= patience(all)) return std::nullopt;
  mark_slow_ranks(all, far);
  return Verdict{std::move(all), false};
}

bool HangJudge::mark_quiet_ranks(std::vector<Finding>& all, const std::vector<bool>& far) const {
  bool found = false;
  for (size_t i = 0; i < all.size(); ++i) {
    Finding& f = all[i];
    if (f.pulse.beat == 0) {
      const char state = f.pulse.process_state;  // of a process that has not got as far as its first beat
      if (f.silent > limits_.hang && (state == 'T' || state == 't')) f.trouble = Trouble::stopped;
      if (f.silent > limits_.setup) f.trouble = Trouble::absent;
    } else if (took_part(f)) {
      const Trouble kind = kind_of_silence(f, far_at(far, i));
      const double limit = kind == Trouble::dead ? std::min(kDeadAfter, limits_.hang) : limits_.hang;
      if (f.silent > limit) f.trouble = kind;
    }
    found = found || f.trouble != Trouble::none;
  }
  return found;
}

double HangJudge::patience(const std::vector<Finding>& all) const {
  bool setting_up = false, first_step = false;
  for (const Finding& f : all) {
    if (!took_part(f)) continue;
    if (f.pulse.steps_here == 0) first_step = true;
    if (f.pulse.phase == Phase::start) setting_up = true;
    if (!f.pulse.waiting && (f.pulse.phase == Phase::save || f.pulse.phase == Phase::finish))
      setting_up = true;
  }
  if (setting_up) return std::max(limits_.setup, limits_.hang);
  return std::max(limits_.hang * (first_step ? HangLimits::kFirstStep : 1), kRecovered * longest_quiet_);
}

void HangJudge::mark_slow_ranks(std::vector<Finding>& all, const std::vector<bool>& far) {
  bool found = false;
  for (size_t i = 0; i < all.size(); ++i) {  // a rank that lost its beat a moment ago is the better answer
    Finding& f = all[i];
    if (!took_part(f) || f.silent < kSilentNow) continue;
    f.trouble = kind_of_silence(f, far_at(far, i));
    found = true;
  }
  if (found) return;
  for (Finding& f : all) {
    const bool left = f.pulse.beat > 0 && f.pulse.phase == Phase::gone;
    if (f.pulse.waiting || (!took_part(f) && !left)) continue;
    f.trouble = left ? Trouble::dead : Trouble::behind;
    found = true;
  }
  if (found) return;
  std::map<std::string, int> places;
  for (const Finding& f : all)
    if (took_part(f)) ++places[place_of(f.pulse)];
  const auto most = std::max_element(places.begin(), places.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  int waiting = 0;
  for (const auto& [place, n] : places) waiting += n;
  const bool tie = places.size() == 1 || 2 * most->second <= waiting;  // nobody is the odd one
  for (Finding& f : all)
    if (took_part(f) && (tie || place_of(f.pulse) != most->first)) f.trouble = Trouble::stuck;
}

}  // namespace genesis::trainer
