#include "trainer/doctor/gpu_facts.h"

#include <fmt/core.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/run.h"
#include "kernels/cublas_version.h"

namespace genesis::trainer {
namespace {

/// What a command prints; "" when it is not there or fails.
std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>/dev/null").c_str(), "r"),
                                                   ::pclose);
  std::string text;
  std::array<char, 4096> buffer;
  while (pipe) {
    const size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
    if (n == 0) break;
    text.append(buffer.data(), n);
  }
  return text;
}

/// "GPU0 - GPU1: NV18" for each pair, from the matrix of `nvidia-smi topo -m`.
std::string links(const std::string& matrix) {
  std::istringstream lines(matrix);
  std::string line, text;
  for (size_t row = 0; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, word;
    if (!(words >> name) || !name.starts_with("GPU")) continue;
    if (name == "GPU0" && line.find('X') == std::string::npos) continue;  // the head
    for (size_t column = 0; column < row && words >> word; ++column)
      text += fmt::format("{}GPU{}-{}: {}", text.empty() ? "" : ", ", column, name, word);
    ++row;
  }
  return text;
}

}  // namespace

void add_gpu_facts(HostFacts& facts) {
  constexpr bool kCuda = kernels::kHasCuda;
  const cuda::Probe& card = cuda::probe();
  if (card.usable)
    facts.add("GPU in use",
              fmt::format("{}, compute capability {}.{}, {:.1f} GiB", card.found, card.capability / 10,
                          card.capability % 10, double(card.memory_bytes) / double(1 << 30)));
  else if (kCuda)
    facts.problems.push_back("this build has CUDA and trains on the CPU here: " + card.found);
  const std::string list = output_of(
      "nvidia-smi "
      "--query-gpu=index,name,memory.total,memory.used,driver_version,ecc.errors.uncorrected.volatile.total "
      "--format=csv,noheader");
  if (list.empty()) {
    facts.add("GPUs", "none (nvidia-smi finds none)");
    return;
  }
  std::istringstream lines(list);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) facts.add(fmt::format("GPU {}", count), line);
  const std::string pairs = count > 1 ? links(output_of("nvidia-smi topo -m")) : "";
  if (!pairs.empty()) facts.add("GPU links", pairs);
  const std::string busy = output_of("nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader");
  if (!busy.empty())
    facts.problems.push_back("GPUs are used by other processes (pid, memory): " +
                             busy.substr(0, busy.find('\n')));
  if (!kCuda)
    facts.problems.push_back("there are GPUs and this build has no CUDA: cmake --workflow --preset cuda");
}

void add_gpu_libraries(HostFacts& facts) {
  if constexpr (!kernels::kHasCuda) return;
  facts.add("GPU products", kernels::cublas_version());
  std::ifstream maps("/proc/self/maps");
  std::set<std::string> files;
  for (std::string line; std::getline(maps, line);) {
    const size_t path = line.find('/');
    if (path == std::string::npos) continue;
    const std::string file = line.substr(path), name = file.substr(file.rfind('/') + 1);
    for (const char* library : {"libcuda.so", "libcublasLt.so", "libcudnn.so", "libnccl.so"})
      if (name.starts_with(library)) files.insert(file);
  }
  for (const std::string& file : files) facts.add("GPU library", file);
}

}  // namespace genesis::trainer
