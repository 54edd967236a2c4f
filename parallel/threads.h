#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parallel/communicator.h"

namespace genesis::parallel {

/// The logical processors a process may run on, by number.
using CoreMask = std::vector<bool>;

/// This process' own mask, from the kernel; second and further hardware threads of a core are left out when
/// their first one is in the mask too (two threads on one core do no more matrix work than one).
CoreMask own_cores();

/// mpirun's default pins each of one or two ranks to a core of its own and leaves the rest of the host idle.
/// Where nobody asked for a binding (no --bind-to, --map-by or their variables), lets the calling thread, and
/// those it starts, run wherever the launcher's daemon may. Returns whether it changed anything. Before MPI
/// and OpenMP start.
bool undo_default_binding();

/// Threads for the owner of `own` when the ranks with the masks `on_this_host` (own included) share the host:
///   floor(sum over own's cores of 1 / number of ranks that may use the core), at least 1.
int fair_share(const CoreMask& own, std::span<const CoreMask> on_this_host);

struct ThreadPlan {
  int threads = 1;
  std::string reason;  ///< "OMP_NUM_THREADS", "threads in the config", "4 cores shared by 2 ranks"
  std::string notice;  ///< what the user should know (cores that nobody may use), or empty
};

/// Threads for this process as far as its environment tells; for use before (or without) MPI.
///   `configured` (the config's `threads`) comes first, then OMP_NUM_THREADS, then the fair share of the
///   mask.
/// Errors: ConfigError when `configured` is below 1.
ThreadPlan plan_threads(std::optional<int> configured = std::nullopt);

/// The same from the masks of all ranks. Collective.
ThreadPlan plan_threads(Communicator& world, std::optional<int> configured = std::nullopt);

/// Sets the number of threads the calling thread computes with.
void apply(const ThreadPlan& plan);

}  // namespace genesis::parallel
