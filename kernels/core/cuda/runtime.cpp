#include "kernels/core/cuda/runtime.h"

#include <nvtx3/nvToolsExt.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/staging.h"
#include "kernels/core/cuda/stream.h"

namespace genesis::cuda {
namespace {

constexpr int kOldestCapability = 80;

std::atomic<int> wanted_rank{0};
std::atomic<bool> blocking{false};

std::string dotted(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

Probe look() {
  Probe p;
  int driver = 0, runtime = 0, count = -1;  // the count stays as it is when there is no driver
  (void)cudaRuntimeGetVersion(&runtime);
  (void)cudaDriverGetVersion(&driver);
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (driver == 0) {
    p.found = "no NVIDIA driver is installed (libcuda.so.1 was not found)";
  } else if (status == cudaErrorInsufficientDriver) {
    p.found = fmt::format("the driver supports CUDA {}, this build needs {}: update the driver",
                          dotted(driver), dotted(runtime));
  } else if (status != cudaSuccess || count <= 0) {
    p.found =
        fmt::format("a driver for CUDA {} but no GPU{}{}", dotted(driver), status == cudaSuccess ? "" : ": ",
                    status == cudaSuccess ? "" : cudaGetErrorString(status));
  } else {
    p.device = wanted_rank % count;
    cudaDeviceProp card{};
    if (const cudaError_t s = cudaGetDeviceProperties(&card, p.device); s != cudaSuccess) {
      p.found = fmt::format("GPU {} does not answer: {}", p.device, cudaGetErrorString(s));
      return p;
    }
    p.capability = card.major * 10 + card.minor;
    p.multiprocessors = card.multiProcessorCount;
    p.memory_bytes = int64_t(card.totalGlobalMem);
    p.usable = p.capability >= kOldestCapability;
    p.found = p.usable ? std::string(card.name)
                       : fmt::format("{} has compute capability {}.{}; 8.0 (Ampere) or newer is needed",
                                     card.name, card.major, card.minor);
  }
  (void)cudaGetLastError();  // a failed look leaves no error behind
  return p;
}

/// Creates the context. Says what went wrong in words when it cannot.
void start() {
  const Probe& p = probe();
  if (!p.usable) throw ConfigError("device cuda: {}", p.found);
  cudaError_t status = cudaSetDevice(p.device);
  if (status == cudaSuccess) status = cudaFree(nullptr);
  if (status == cudaErrorDevicesUnavailable)
    throw ConfigError("device cuda: another process holds GPU {} ({}) exclusively", p.device, p.found);
  if (status == cudaErrorMemoryAllocation)
    throw ConfigError("device cuda: GPU {} ({}) has no memory left for another process", p.device, p.found);
  GENESIS_CUDA(status);
}

}  // namespace

void fail(cudaError_t status, const char* call, const char* file, int line) {
  const char* hint = "";
  if ((status == cudaErrorIllegalAddress || status == cudaErrorLaunchFailure || status == cudaErrorAssert) &&
      !launch_blocking())
    hint = "; a kernel before this call failed: debug=true names it";
  if (status == cudaErrorNoKernelImageForDevice) hint = "; this build holds no code for this card";
  throw Error(fmt::format("{}: {} ({}){} [{}:{}]", call, cudaGetErrorString(status), cudaGetErrorName(status),
                          hint, file, line));
}

const Probe& probe() {
  static const Probe found = look();
  return found;
}

void choose_device(int local_rank) { wanted_rank = local_rank; }

void require() {
  static std::once_flag once;
  std::call_once(once, start);
  thread_local bool chosen = false;
  if (chosen) return;
  GENESIS_CUDA(cudaSetDevice(probe().device));  // every thread starts on card 0
  chosen = true;
}

CardMemory card_memory() {
  size_t free = 0, total = 0;
  require();
  GENESIS_CUDA(cudaMemGetInfo(&free, &total));
  return {int64_t(free), int64_t(total)};
}

void* allocate_bytes(int64_t bytes) {
  require();
  void* data = nullptr;
  const cudaError_t status = cudaMalloc(&data, size_t(bytes));
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    return nullptr;
  }
  GENESIS_CUDA(status);
  return data;
}

void free_bytes(void* data) noexcept { (void)cudaFree(data); }

void* allocate_pinned(int64_t bytes) {
  require();
  void* data = nullptr;
  GENESIS_CUDA(cudaHostAlloc(&data, size_t(bytes), cudaHostAllocDefault));
  return data;
}

void free_pinned(void* data) noexcept { (void)cudaFreeHost(data); }

void copy_to_card(void* dst, const void* src, int64_t bytes) {
  if (bytes > 0) stage_to_card(dst, src, bytes, current_stream());
}

void copy_to_host(void* dst, const void* src, int64_t bytes) {
  if (bytes <= 0) return;
  GENESIS_CUDA(cudaMemcpyAsync(dst, src, size_t(bytes), cudaMemcpyDeviceToHost, current_stream()));
  synchronize();
}

void copy_on_card(void* dst, const void* src, int64_t bytes) {
  if (bytes > 0)
    GENESIS_CUDA(cudaMemcpyAsync(dst, src, size_t(bytes), cudaMemcpyDeviceToDevice, current_stream()));
}

void zero_on_card(void* dst, int64_t bytes) {
  if (bytes > 0) GENESIS_CUDA(cudaMemsetAsync(dst, 0, size_t(bytes), current_stream()));
}

void synchronize() { GENESIS_CUDA(cudaStreamSynchronize(current_stream())); }

void set_launch_blocking(bool on) { blocking = on; }
bool launch_blocking() { return blocking.load(std::memory_order_relaxed); }

void begin_range(const char* name) { nvtxRangePushA(name); }
void end_range() { nvtxRangePop(); }

}  // namespace genesis::cuda
