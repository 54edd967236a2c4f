#include "parallel/threads.h"

#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "parallel/launcher.h"

namespace genesis::parallel {
namespace {

bool unbound = false;  // undo_default_binding() did

int count(const CoreMask& mask) { return int(std::count(mask.begin(), mask.end(), true)); }

/// Of a process; 0: the calling thread.
CoreMask kernel_mask(pid_t process) {
  // Far more processors than cpu_set_t holds (1024) are possible; the kernel says EINVAL while the set is too
  // small.
  for (int bits = 1024; bits <= 1 << 20; bits *= 2) {
    cpu_set_t* set = CPU_ALLOC(bits);
    const size_t bytes = CPU_ALLOC_SIZE(bits);
    CPU_ZERO_S(bytes, set);
    const bool known = sched_getaffinity(process, bytes, set) == 0;
    CoreMask mask(static_cast<size_t>(bits), false);
    for (int i = 0; known && i < bits; ++i) mask[size_t(i)] = CPU_ISSET_S(size_t(i), bytes, set);
    CPU_FREE(set);
    if (known) return mask;
  }
  return CoreMask(size_t(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN))), true);
}

/// The lowest-numbered hardware thread of a processor's core; the processor itself where the kernel does not
/// say.
int first_sibling(int cpu) {
  std::ifstream file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
  int first = cpu;  // "0,4" or "0-1"
  return file >> first ? first : cpu;
}

/// A number that names the machine: ranks with the same one share its cores, whatever container they are in.
int64_t machine_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  file >> text;
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (char c : text) hash = (hash ^ uint64_t(static_cast<unsigned char>(c))) * 1099511628211u;
  return int64_t(hash);
}

std::optional<ThreadPlan> plan_by_hand(std::optional<int> configured) {
  if (configured) {
    if (*configured < 1) throw ConfigError("threads is {}; it must be at least 1", *configured);
    return ThreadPlan{*configured, "threads in the config", ""};
  }
  const char* text = std::getenv("OMP_NUM_THREADS");
  if (!text) return std::nullopt;
  int value = 0;
  std::from_chars(text, text + std::strlen(text), value);  // "4" or, for nested regions, "4,2"
  if (value < 1) return std::nullopt;
  return ThreadPlan{value, "OMP_NUM_THREADS", ""};
}

std::string share_text(int cores, int ranks) {
  return ranks > 1 ? fmt::format("{} core{} shared by {} ranks", cores, cores == 1 ? "" : "s", ranks)
                   : fmt::format("{} core{}", cores, cores == 1 ? "" : "s");
}

std::string crowded_notice(int threads, int cores) {
  if (threads <= cores) return "";
  return fmt::format("{} threads share {} core{}; they will wait for each other", threads, cores,
                     cores == 1 ? "" : "s");
}

std::string idle_cores_notice(int used, int ranks) {
  const int online = int(sysconf(_SC_NPROCESSORS_ONLN));
  const auto info = launcher_info();
  if (!info || !info->bound || unbound || used >= online || online < 2 * ranks) return "";
  return fmt::format(
      "mpirun bound {} to {} of {} processors, so {} stand idle; start with `mpirun --bind-to none` (or "
      "launch/run) to "
      "use them",
      ranks == 1 ? "the rank" : fmt::format("the {} ranks", ranks), used, online, online - used);
}

}  // namespace

bool undo_default_binding() {
  const auto info = launcher_info();
  if (!info || !info->bound) return false;
  for (const char* asked :
       {"OMPI_MCA_hwloc_base_binding_policy", "OMPI_MCA_rmaps_base_mapping_policy",
        "OMPI_MCA_rmaps_base_cpus_per_rank", "OMPI_MCA_hwloc_base_cpu_list", "OMPI_MCA_hwloc_base_cpu_set"})
    if (std::getenv(asked)) return false;
  const CoreMask own = kernel_mask(0), daemon = kernel_mask(::getppid());
  if (count(daemon) <= count(own)) return false;
  cpu_set_t* set = CPU_ALLOC(daemon.size());
  const size_t bytes = CPU_ALLOC_SIZE(daemon.size());
  CPU_ZERO_S(bytes, set);
  for (size_t i = 0; i < daemon.size(); ++i)
    if (daemon[i]) CPU_SET_S(i, bytes, set);
  const bool done = sched_setaffinity(0, bytes, set) == 0;
  CPU_FREE(set);
  unbound = unbound || done;
  return done;
}

CoreMask own_cores() {
  const CoreMask mask = kernel_mask(0);
  CoreMask cores = mask;
  for (size_t i = 0; i < mask.size(); ++i) {
    if (!mask[i]) continue;
    const size_t first = size_t(first_sibling(int(i)));
    if (first != i && first < mask.size() && mask[first]) cores[i] = false;
  }
  return cores;
}

int fair_share(const CoreMask& own, std::span<const CoreMask> on_this_host) {
  std::vector<int64_t> cores_shared_by(on_this_host.size() + 1, 0);
  for (size_t i = 0; i < own.size(); ++i) {
    if (!own[i]) continue;
    size_t sharers = 0;
    for (const CoreMask& mask : on_this_host) sharers += i < mask.size() && mask[i];
    ++cores_shared_by[std::max<size_t>(1, sharers)];
  }
  double share = 0;
  for (size_t k = 1; k < cores_shared_by.size(); ++k) share += double(cores_shared_by[k]) / double(k);
  return std::max(1, int(share + 1e-9));
}

ThreadPlan plan_threads(std::optional<int> configured) {
  if (auto plan = plan_by_hand(configured)) return *plan;
  const int cores = count(own_cores());
  const auto info = launcher_info();
  // A bound rank has its cores for itself; unbound ranks of a host share them all.
  const int ranks = info && (!info->bound || unbound) ? std::max(1, info->local_size) : 1;
  return {std::max(1, cores / ranks), share_text(cores, ranks), ""};
}

ThreadPlan plan_threads(Communicator& world, std::optional<int> configured) {
  const CoreMask own = own_cores();
  const int64_t bits = world.all_reduce_value(int64_t(own.size()), ReduceOp::max);
  Array mine = Array::zeros({bits + 8}, DType::u8);
  Array all = Array::zeros({world.size(), bits + 8}, DType::u8);
  const int64_t machine = machine_id();
  std::memcpy(mine.data<uint8_t>(), &machine, 8);
  for (size_t i = 0; i < own.size(); ++i) mine.data<uint8_t>()[8 + i] = own[i];
  world.all_gather(mine, all);
  if (auto plan = plan_by_hand(configured)) {
    plan->notice = crowded_notice(plan->threads, count(own));
    return *plan;
  }
  std::vector<CoreMask> on_this_host;
  CoreMask together(static_cast<size_t>(bits), false);
  for (int r = 0; r < world.size(); ++r) {
    const uint8_t* row = all.data<uint8_t>() + r * (bits + 8);
    if (std::memcmp(row, &machine, 8) != 0) continue;
    on_this_host.emplace_back(row + 8, row + 8 + bits);
    for (int64_t i = 0; i < bits; ++i) together[size_t(i)] = together[size_t(i)] || row[8 + i];
  }
  const int ranks = int(on_this_host.size());
  int sharers = 0;
  for (const CoreMask& other : on_this_host) {
    bool meets = false;
    for (size_t i = 0; i < own.size(); ++i) meets = meets || (own[i] && other[i]);
    sharers += meets;
  }
  return {fair_share(own, on_this_host), share_text(count(own), sharers),
          idle_cores_notice(count(together), ranks)};
}

void apply(const ThreadPlan& plan) { omp_set_num_threads(plan.threads); }

}  // namespace genesis::parallel
