#include "trainer/control/pulse.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

namespace genesis::trainer {

int64_t monotonic_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

CallView view_of(const CallMark& mark) {
  CallView view;
  const uint32_t what = mark.what.load(std::memory_order_relaxed);
  view.call.collective = static_cast<parallel::Collective>(what & 0xFF);
  view.call.dtype = static_cast<DType>(what >> 8 & 0xFF);
  view.call.reduce = static_cast<parallel::ReduceOp>(what >> 16 & 0xFF);
  view.call.sequence = mark.sequence.load(std::memory_order_relaxed);
  view.call.count = mark.count.load(std::memory_order_relaxed);
  view.begun_ns = mark.begun_ns.load(std::memory_order_relaxed);
  view.ended_ns = mark.state.load(std::memory_order_acquire) == 2 ? mark.ended_ns.load() : 0;
  const uint64_t group = mark.group.load(std::memory_order_relaxed);
  std::memcpy(view.group.data(), &group, sizeof group);
  return view;
}

PulseView view_of(const Pulse& pulse) {
  PulseView view;
  view.beat = pulse.beat.load(std::memory_order_acquire);
  view.progress = pulse.progress;
  view.rank = pulse.rank;
  view.process = pulse.process;
  view.phase = pulse.phase;
  view.step = pulse.step;
  view.steps_here = pulse.steps_here;
  view.calls = pulse.calls.load(std::memory_order_acquire);
  view.host = pulse.host;
  view.host.back() = '\0';
  const uint64_t first = view.calls > Pulse::kCalls ? view.calls - Pulse::kCalls : 0;
  for (uint64_t i = first; i < view.calls && !view.waiting; ++i) {
    const CallMark& mark = pulse.log[i % Pulse::kCalls];
    if (mark.state.load(std::memory_order_acquire) != 1) continue;
    view.call = view_of(mark);
    view.waiting = true;
  }
  if (!view.waiting && view.calls > 0) view.call = view_of(pulse.log[(view.calls - 1) % Pulse::kCalls]);
  return view;
}

Sibling sibling_of_local_rank(int local_rank) {
  const int parent = ::getppid();
  std::ifstream children(fmt::format("/proc/{}/task/{}/children", parent, parent));
  for (int child = 0; children >> child;) {
    std::ifstream environment(fmt::format("/proc/{}/environ", child));
    int local = -1, rank = -1;
    for (std::string entry; std::getline(environment, entry, '\0');) {
      constexpr std::string_view kLocal = "OMPI_COMM_WORLD_LOCAL_RANK=", kRank = "OMPI_COMM_WORLD_RANK=";
      if (entry.starts_with(kLocal)) local = std::atoi(entry.c_str() + kLocal.size());
      if (entry.starts_with(kRank)) rank = std::atoi(entry.c_str() + kRank.size());
    }
    if (local == local_rank) return {child, rank};
  }
  return {};
}

char process_state(int process) {
  char path[32], text[512];
  *fmt::format_to_n(path, sizeof path - 1, "/proc/{}/stat", process).out = '\0';
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return '-';
  const ssize_t n = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (n <= 0) return '-';
  text[n] = '\0';
  const char* name_end = std::strrchr(text, ')');  // "PID (NAME) STATE …", and NAME may hold anything
  return name_end && name_end[1] == ' ' ? name_end[2] : '?';
}

}  // namespace genesis::trainer
