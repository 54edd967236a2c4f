#include "trainer/doctor/host_facts.h"

#include <cpuid.h>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/Version.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "kernels/cpu/onednn_version.h"
#include "kernels/cudnn_version.h"
#include "parallel/launcher.h"
#include "parallel/mpi_version.h"
#include "parallel/nccl_version.h"
#include "parallel/threads.h"
#include "trainer/commands/version.h"
#include "trainer/doctor/gpu_facts.h"

namespace genesis::trainer {
namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

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

double memory_gib(const std::string& label) {
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

/// Free bytes where `path` is or would be; -1 when nobody knows.
double free_gib(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path there = std::filesystem::absolute(path, error);
  while (!there.empty() && !std::filesystem::exists(there, error) && there != there.root_path())
    there = there.parent_path();
  struct statvfs info {};
  if (::statvfs(there.c_str(), &info) != 0) return -1;
  return double(info.f_bavail) * double(info.f_frsize) / kGiB;
}

void add_machine(HostFacts& f) {
  struct utsname system {};
  ::uname(&system);
  f.add("system", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  f.add("cpu", proc_value("/proc/cpuinfo", "model name"));
  int cores = 0;
  for (const bool usable : parallel::own_cores()) cores += usable;
  f.add("cores", fmt::format("{} usable by this process, {} hardware threads in the machine", cores,
                             std::thread::hardware_concurrency()));
  f.add("instruction sets", instruction_sets());
  f.add("memory",
        fmt::format("{:.1f} GiB, {:.1f} GiB available", memory_gib("MemTotal"), memory_gib("MemAvailable")));
  if (memory_gib("MemAvailable") < 1)
    f.problems.push_back("less than 1 GiB of memory is available: end other programs");
}

void add_limits(HostFacts& f, const std::string& folder) {
  const double shared = free_gib("/dev/shm"), disk = free_gib(folder);
  f.add("/dev/shm", shared < 0 ? "not there" : fmt::format("{:.1f} GiB free", shared));
  if (shared < 0.0625)
    f.problems.push_back(
        "/dev/shm has less than 64 MiB: Open MPI and NCCL need it between the ranks of a host (in a "
        "container: "
        "--shm-size=1g)");
  f.add("folder", fmt::format("{}: {:.1f} GiB free", folder, disk));
  if (disk < 1) f.problems.push_back(fmt::format("{} has less than 1 GiB free for checkpoints", folder));
  struct rlimit files {};
  ::getrlimit(RLIMIT_NOFILE, &files);
  f.add("open files", fmt::format("{} at most", files.rlim_cur));
  if (files.rlim_cur < 1024) f.problems.push_back("fewer than 1024 open files are allowed: ulimit -n 4096");
}

void add_threads(HostFacts& f) {
  const parallel::ThreadPlan threads = parallel::plan_threads();
  f.add("threads", fmt::format("{} ({})", threads.threads, threads.reason));
  if (!threads.notice.empty()) f.problems.push_back(threads.notice);
  const char* policy = std::getenv("OMP_PROC_BIND");
  if (policy && std::string(policy) != "false")
    f.problems.push_back(
        "OMP_PROC_BIND is set: the communication thread inherits the main thread's one core; unset it");
}

}  // namespace

std::string HostFacts::at(const std::string& name) const {
  for (const auto& [key, value] : rows)
    if (key == name) return value;
  return "";
}

HostFacts collect_host_facts(const std::string& folder) {
  HostFacts f;
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  f.host = name;
  f.add("program", version_line());
  f.add("compiler", __VERSION__);
  add_machine(f);
  add_threads(f);
  add_gpu_facts(f);
  add_limits(f, folder);
  f.add("launcher", launcher_line());
  f.add("matrix products", kernels::onednn_version());
  if (const std::string cudnn = kernels::cudnn_version(); !cudnn.empty()) f.add("GPU attention", cudnn);
  f.add("ranks", parallel::mpi_version());
  if (const std::string nccl = parallel::nccl_version(); !nccl.empty()) f.add("ranks with GPUs", nccl);
  add_gpu_libraries(f);
  f.add("other libraries",
        fmt::format("{}, fmt {}.{}.{}, nlohmann-json {}.{}.{}, CLI11 {}", OpenSSL_version(OPENSSL_VERSION),
                    FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100,
                    NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH,
                    CLI11_VERSION));
  return f;
}

std::string pack(const HostFacts& facts) {
  return nlohmann::json{{"host", facts.host}, {"rows", facts.rows}, {"problems", facts.problems}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

HostFacts unpack_host_facts(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  HostFacts f;
  if (!json.is_object()) return f;
  f.host = json.value("host", "");
  f.rows = json.value("rows", f.rows);
  f.problems = json.value("problems", f.problems);
  return f;
}

}  // namespace genesis::trainer
