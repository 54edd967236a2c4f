#include <cpuid.h>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <sys/utsname.h>

#include <CLI/Version.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "kernels/cpu/onednn_version.h"
#include "parallel/launcher.h"
#include "parallel/mpi_version.h"
#include "parallel/threads.h"
#include "trainer/commands/commands.h"
#include "trainer/commands/version.h"

namespace genesis::trainer {
namespace {

int cores_in_affinity_mask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  return sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 0;
}

/// The value after "model name : " or "MemAvailable: " in a file of /proc; "" when it is not there.
std::string proc_value(const char* path, const std::string& label) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(label)) continue;
    const size_t from = line.find_first_not_of(" \t", line.find(':') + 1);
    return from == std::string::npos ? "" : line.substr(from);
  }
  return "";
}

double gibibytes(const std::string& label) {
  return std::strtod(proc_value("/proc/meminfo", label).c_str(), nullptr) / (1024.0 * 1024.0);
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
  unsigned a = 0, b = 0, c = 0, d = 0;  // leaf 7: AMX has no name for __builtin_cpu_supports in gcc 12
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    add(d >> 24 & 1, "amx-tile");
    add(d >> 22 & 1, "amx-bf16");
    add(d >> 25 & 1, "amx-int8");
  }
  return sets.empty() ? "none of avx2 and above" : sets;
}

std::string launcher_line() {
  const auto info = parallel::launcher_info();
  if (!info) return "none: one process, MPI is not touched";
  return fmt::format("{}, rank {} of {} ({} of {} on this host)", info->launcher, info->rank, info->size,
                     info->local_rank, info->local_size);
}

void row(const char* name, const std::string& value) { fmt::print("{:<17}{}\n", name, value); }

void print_doctor() {
  struct utsname system {};
  uname(&system);
  const parallel::ThreadPlan threads = parallel::plan_threads();
  row("program", version_line());
  row("compiler", __VERSION__);
  row("system", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  row("cpu", proc_value("/proc/cpuinfo", "model name"));
  row("cores", fmt::format("{} in the affinity mask, {} in the machine", cores_in_affinity_mask(),
                           std::thread::hardware_concurrency()));
  row("instruction sets", instruction_sets());
  row("memory",
      fmt::format("{:.1f} GiB, {:.1f} GiB available", gibibytes("MemTotal"), gibibytes("MemAvailable")));
  row("threads", fmt::format("{} ({})", threads.threads, threads.reason));
  if (!threads.notice.empty()) row("", threads.notice);
  row("launcher", launcher_line());
  row("matrix products", kernels::onednn_version());
  row("ranks", parallel::mpi_version());
  row("other libraries",
      fmt::format("{}, fmt {}.{}.{}, nlohmann-json {}.{}.{}, CLI11 {}", OpenSSL_version(OPENSSL_VERSION),
                  FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100,
                  NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH,
                  CLI11_VERSION));
}

}  // namespace

void add_doctor(CLI::App& program, CommandContext& context) {
  auto* command = program.add_subcommand("doctor", "Say what this machine and this build can do");
  command->callback([&context] { context.run(print_doctor); });
}

}  // namespace genesis::trainer
