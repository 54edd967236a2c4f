#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trainer/control/pulse.h"

namespace genesis::trainer {

/// How long ranks may be quiet, in seconds.
struct HangLimits {
  double hang = 60;     ///< without a heartbeat, or without progress while somebody waits in a training step
  double setup = 1800;  ///< without progress while a rank starts, saves or ends
  /// The first step of a process may take this many times `hang`: it allocates, packs and tunes.
  static constexpr double kFirstStep = 5;
};

/// What is wrong with a rank.
enum class Trouble : uint8_t { none, dead, stopped, silent, unreachable, absent, behind, stuck };

constexpr std::string_view name_of(Trouble t) {
  constexpr std::string_view names[] = {"ok",          "dead",   "stopped", "silent",
                                        "unreachable", "absent", "behind",  "stuck"};
  return names[static_cast<size_t>(t)];
}

/// One rank as the verdict sees it.
struct Finding {
  PulseView pulse;
  Trouble trouble = Trouble::none;
  double silent = 0;  ///< s since its last heartbeat
  double still = 0;   ///< s since its last progress
};

/// A job that hangs: all its ranks, at least one in trouble.
struct Verdict {
  std::vector<Finding> findings;
  bool by_silence = false;  ///< a rank is dead, stopped, silent …; otherwise: nobody makes progress
};

/// Decides from what it is shown, and from nothing else, that a job hangs, and whose fault it is.
///   - dead: the process is gone and never said that it was done.  stopped: it is there and does not run
///     (SIGSTOP, a debugger).  silent: no heartbeat, for another reason.  unreachable: no word from its host.
///     Each after `hang` s, a dead one after 1 s.
///   - Somebody waits in a call, and no rank made progress for `hang` s (kFirstStep times that in the first
///     step; `setup` s while a rank starts, or saves or ends and does not wait; at least 3 times the longest
///     quiet time that ended well): the ranks that are not in the call are `behind`; when all are in calls,
///     those whose call differs from the others', or all, are `stuck`.
///   - absent: a rank that has not started `setup` s after this one.
/// Time counts only while this process runs itself (`dt` is capped by the caller), so a job that was stopped
/// and continued as a whole accuses nobody.
class HangJudge {
 public:
  explicit HangJudge(const HangLimits& limits) : limits_(limits) {}

  /// One look: `pulses` in the same order every time, `dt` seconds after the last look. `far[i]` says that
  /// rank i is seen through another host.
  std::optional<Verdict> look(std::span<const PulseView> pulses, double dt,
                              const std::vector<bool>& far = {});

 private:
  struct Memory {
    uint64_t beat = 0;
    uint64_t progress = 0;
    double silent = 0, still = 0;
  };
  bool mark_quiet_ranks(std::vector<Finding>& all, const std::vector<bool>& far) const;
  double patience(const std::vector<Finding>& all) const;
  static void mark_slow_ranks(std::vector<Finding>& all, const std::vector<bool>& far);

  HangLimits limits_;
  std::vector<Memory> memory_;  // [pulses]
  double quiet_ = 0;            // s without progress of any rank
  double longest_quiet_ = 0;    // of those that ended well, in steps
};

}  // namespace genesis::trainer
