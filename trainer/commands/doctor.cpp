#include <fmt/core.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "trainer/commands/commands.h"
#include "trainer/commands/version.h"

namespace genesis::trainer {
namespace {

int cores_in_affinity_mask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  return sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 0;
}

std::string instruction_sets() {
  __builtin_cpu_init();
  std::string sets;
  const auto add = [&sets](bool present, const char* name) {
    if (present) sets += (sets.empty() ? "" : " ") + std::string(name);
  };
  add(__builtin_cpu_supports("avx2"), "avx2");
  add(__builtin_cpu_supports("fma"), "fma");
  add(__builtin_cpu_supports("avx512f"), "avx512f");
  add(__builtin_cpu_supports("avx512bw"), "avx512bw");
  add(__builtin_cpu_supports("avx512vnni"), "avx512vnni");
  add(__builtin_cpu_supports("avx512bf16"), "avx512bf16");
  return sets.empty() ? "none of avx2 and above" : sets;
}

const char* or_unset(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "not set";
}

void print_doctor() {
  struct utsname system {};
  uname(&system);
  struct sysinfo memory {};
  sysinfo(&memory);
  const double gib = 1.0 / (1024.0 * 1024.0 * 1024.0);
  fmt::print("{}\n", version_line());
  fmt::print("compiler         {}\n", __VERSION__);
  fmt::print("system           {} {} {}\n", system.sysname, system.release, system.machine);
  fmt::print("cores            {} in the affinity mask, {} in the machine\n", cores_in_affinity_mask(),
             std::thread::hardware_concurrency());
  fmt::print("instruction sets {}\n", instruction_sets());
  fmt::print("memory           {:.1f} GiB, {:.1f} GiB free\n",
             static_cast<double>(memory.totalram) * memory.mem_unit * gib,
             static_cast<double>(memory.freeram) * memory.mem_unit * gib);
  for (const char* name : {"OMP_NUM_THREADS", "OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS", "CUDA_VISIBLE_DEVICES"})
    fmt::print("{:<16} {}\n", name, or_unset(name));
}

}  // namespace

void add_doctor(CLI::App& program, CommandContext& context) {
  auto* command = program.add_subcommand("doctor", "Say what this machine and this build can do");
  command->callback([&context] { context.run(print_doctor); });
}

}  // namespace genesis::trainer
