#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "parallel/call.h"

namespace genesis::trainer {

/// What a rank is doing, as its watchdog tells the others. Each has its own patience (HangLimits).
enum class Phase : uint32_t { start, step, evaluate, save, finish, gone };

constexpr std::string_view name_of(Phase p) {
  constexpr std::string_view names[] = {"start", "step", "evaluate", "save", "finish", "gone"};
  return names[static_cast<size_t>(p)];
}

/// One call in the log of a rank's last calls.
struct CallMark {
  std::atomic<int64_t> sequence{0}, count{0};
  std::atomic<uint32_t> what{0};                  ///< collective, dtype, reduction: one byte each
  std::atomic<uint32_t> state{0};                 ///< 0 empty, 1 begun, 2 ended
  std::atomic<int64_t> begun_ns{0}, ended_ns{0};  ///< CLOCK_MONOTONIC
  std::atomic<uint64_t> group{0};                 ///< the first 8 letters of its name
};

/// A rank's place in memory that all ranks of a host map. Zeroed bytes are a valid start ("not here yet").
/// Its own process writes it; others read it at any time, so a reader may see a step with the call of the
/// next.
struct Pulse {
  static constexpr size_t kCalls = 64;
  std::atomic<uint64_t> beat{0};      ///< counts up while the process runs; 0: not started
  std::atomic<uint64_t> progress{0};  ///< counts calls begun and ended, micro-steps, phases
  std::atomic<int32_t> rank{0}, process{0};
  std::atomic<Phase> phase{Phase::start};
  std::atomic<int64_t> step{0};
  std::atomic<int64_t> steps_here{0};  ///< steps done since this process started
  std::atomic<uint64_t> calls{0};      ///< begun so far
  std::array<char, 64> host{};         ///< written before the first beat
  std::array<CallMark, kCalls> log{};
};

/// A call as text needs it.
struct CallView {
  parallel::Call call;
  std::array<char, 9> group{};
  int64_t begun_ns = 0, ended_ns = 0;  ///< CLOCK_MONOTONIC of its host; ended_ns 0: not ended
};

/// A plain copy of a Pulse at one moment; travels between hosts as bytes.
struct PulseView {
  uint64_t beat = 0, progress = 0;
  int32_t rank = -1, process = 0;
  Phase phase = Phase::start;
  char process_state = '?';  ///< of /proc/PID/stat, where the beat is old: R S D T t Z; '-' no such process
  bool waiting = false;      ///< inside a call
  int64_t step = 0, steps_here = 0;
  uint64_t calls = 0;
  CallView call;  ///< the oldest that has not ended, or the last one
  std::array<char, 64> host{};

  std::string host_name() const { return host.data(); }
};

/// CLOCK_MONOTONIC in nanoseconds: the same clock for all processes of a host.
int64_t monotonic_ns();

/// The call in `mark`, as far as its writer was done with it.
CallView view_of(const CallMark& mark);
PulseView view_of(const Pulse& pulse);

/// A process that the same launcher's daemon started for a rank of this host, if /proc shows one: also one
/// that has not come as far as its first beat. Returns its number and rank, or 0 and -1.
struct Sibling {
  int process = 0, rank = -1;
};
Sibling sibling_of_local_rank(int local_rank);

/// 'R', 'S', 'D', 'T' …: the state of a process of this host; 'Z' ended but not collected; '-' gone.
char process_state(int process);

}  // namespace genesis::trainer
