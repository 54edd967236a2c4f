#pragma once
// The part of the CUDA runtime that Genesis uses, played by the emulator.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

#include "card_settings.h"
#include "emulator.h"
#include "streams.h"

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __align__(n) alignas(n)
#define __launch_bounds__(...)

inline const genesis::emulation::Index& threadIdx = genesis::emulation::thread_index;
inline const genesis::emulation::Index& blockIdx = genesis::emulation::block_index;
inline const genesis::emulation::Index& blockDim = genesis::emulation::block_extent;
inline const genesis::emulation::Index& gridDim = genesis::emulation::grid_extent;

using cudaStream_t = CUstream_st*;
using cudaEvent_t = CUevent_st*;
using cudaGraph_t = CUgraph_st*;
using cudaGraphExec_t = CUgraphExec_st*;

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorDevicesUnavailable = 46,
  cudaErrorNoDevice = 100,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorNotReady = 600,
  cudaErrorIllegalAddress = 700,
  cudaErrorAssert = 710,
  cudaErrorLaunchFailure = 719,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureIsolation = 905,
};
enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal,
  cudaStreamCaptureModeThreadLocal,
  cudaStreamCaptureModeRelaxed
};
enum cudaMemcpyKind {
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
inline constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDefault = 0, cudaEventDisableTiming = 2,
                          cudaHostAllocDefault = 0;

struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
  size_t totalGlobalMem;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

inline const char* cudaGetErrorString(cudaError_t e) {
  return e == cudaSuccess ? "no error" : "emulated error";
}
inline const char* cudaGetErrorName(cudaError_t e) {
  return e == cudaSuccess ? "cudaSuccess" : "cudaErrorEmulated";
}
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int* v) { return *v = 13000, cudaSuccess; }
inline cudaError_t cudaDriverGetVersion(int* v) {
  return *v = genesis::emulation::card_settings().driver, cudaSuccess;
}
inline cudaError_t cudaGetDeviceCount(int* n) {
  const auto& card = genesis::emulation::card_settings();
  if (card.driver < 13000) return cudaErrorInsufficientDriver;
  if (card.none) return cudaErrorNoDevice;
  return *n = 1, cudaSuccess;
}
inline cudaError_t cudaSetDevice(int) {
  return genesis::emulation::card_settings().held ? cudaErrorDevicesUnavailable : cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  const auto& card = genesis::emulation::card_settings();
  *p = {"emulated card", card.major, card.minor, 4, card.memory};
  return cudaSuccess;
}
inline cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = genesis::emulation::free_card_memory();
  *total = genesis::emulation::card_settings().memory;
  return cudaSuccess;
}
template <class P>
cudaError_t cudaMalloc(P** data, size_t bytes) {
  *data = static_cast<P*>(genesis::emulation::device_allocate(bytes));
  return *data ? cudaSuccess : cudaErrorMemoryAllocation;
}
inline cudaError_t cudaFree(void* data) {
  if (genesis::emulation::any_capture()) return cudaErrorStreamCaptureUnsupported;
  genesis::emulation::note_host_wait();
  genesis::emulation::drain_all();  // it waits for the card
  return genesis::emulation::device_free(data), cudaSuccess;
}
inline cudaError_t cudaHostAlloc(void** data, size_t bytes, unsigned) {
  *data = std::malloc(bytes);
  if (*data) genesis::emulation::note_pinned(*data, bytes);
  return *data ? cudaSuccess : cudaErrorMemoryAllocation;
}
inline cudaError_t cudaFreeHost(void* data) {
  genesis::emulation::note_host_wait();
  genesis::emulation::drain_all();
  genesis::emulation::forget_pinned(data);
  return std::free(data), cudaSuccess;
}

/// What waiting for the card tells.
inline cudaError_t genesis_card_status() {
  return genesis::emulation::card_has_failed() ? cudaErrorIllegalAddress : cudaSuccess;
}

/// Pinned memory is read and written when the stream gets there. Other memory is read before the call
/// returns, and is written before it returns, as on a card.
inline cudaError_t cudaMemcpyAsync(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind,
                                   cudaStream_t stream) {
  using namespace genesis::emulation;
  if (drops_work()) return cudaSuccess;
  if (kind == cudaMemcpyHostToDevice && !is_pinned(src)) {
    if (capturing(stream)) return cudaErrorStreamCaptureUnsupported;
    const auto* from = static_cast<const char*>(src);
    enqueue(stream, [copy = std::vector<char>(from, from + bytes), dst, bytes] {
      copy_bytes(dst, copy.data(), bytes);
    });
    return cudaSuccess;
  }
  if (kind == cudaMemcpyDeviceToHost && !is_pinned(dst) && capturing(stream))
    return cudaErrorStreamCaptureUnsupported;
  enqueue(stream, [=] { copy_bytes(dst, src, bytes); });
  if (kind == cudaMemcpyDeviceToHost && !is_pinned(dst)) {
    note_host_wait();
    drain(stream);
    return genesis_card_status();
  }
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* dst, int value, size_t bytes, cudaStream_t stream) {
  genesis::emulation::enqueue(stream, [=] { genesis::emulation::fill_bytes(dst, value, bytes); });
  return cudaSuccess;
}
inline cudaError_t cudaDeviceGetStreamPriorityRange(int* a, int* b) { return *a = *b = 0, cudaSuccess; }
inline cudaError_t cudaStreamCreateWithPriority(cudaStream_t* s, unsigned, int) {
  return *s = genesis::emulation::create_stream(), cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t s) {
  return genesis::emulation::destroy_stream(s), cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  if (genesis::emulation::capturing(s)) return cudaErrorStreamCaptureUnsupported;
  genesis::emulation::note_host_wait();
  return genesis::emulation::drain(s), genesis_card_status();
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  return genesis::emulation::await(s, e) ? cudaSuccess : cudaErrorStreamCaptureIsolation;
}
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) {
  return *e = genesis::emulation::create_event(), cudaSuccess;
}
inline cudaError_t cudaEventDestroy(cudaEvent_t e) {
  return genesis::emulation::destroy_event(e), cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
  return genesis::emulation::record(e, s), cudaSuccess;
}
inline cudaError_t cudaEventQuery(cudaEvent_t e) {
  return genesis::emulation::advance(e) ? cudaSuccess : cudaErrorNotReady;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  genesis::emulation::note_host_wait();
  return genesis::emulation::drain(e), genesis_card_status();
}
inline cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t a, cudaEvent_t b) {
  if (!a->last || !b->last || !a->last->reached || !b->last->reached) return cudaErrorNotReady;
  return *ms = float((b->last->seconds - a->last->seconds) * 1e3), cudaSuccess;
}
inline cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  return genesis::emulation::begin_capture(s) ? cudaSuccess : cudaErrorInvalidValue;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* graph) {
  *graph = genesis::emulation::end_capture(s);
  return *graph ? cudaSuccess : cudaErrorInvalidValue;
}
enum cudaStreamCaptureStatus { cudaStreamCaptureStatusNone, cudaStreamCaptureStatusActive };
inline cudaError_t cudaStreamIsCapturing(cudaStream_t s, cudaStreamCaptureStatus* status) {
  *status = genesis::emulation::capturing(s) ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long = 0) {
  return *exec = new CUgraphExec_st{*graph}, cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return delete graph, cudaSuccess; }
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return delete exec, cudaSuccess; }
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t s) {
  return genesis::emulation::launch_graph(exec->graph, s), cudaSuccess;
}
inline cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute, int bytes) {
  if (bytes < 0 || bytes > 227 << 10) return cudaErrorInvalidValue;
  return genesis::emulation::allow_dynamic_shared(kernel, size_t(bytes)), cudaSuccess;
}

/// A launch as the card keeps it.
template <class... P>
struct GenesisCall {
  void (*kernel)(P...);
  std::tuple<std::decay_t<P>...> values;
  static void enter(const void* call) {
    const auto& self = *static_cast<const GenesisCall*>(call);
    std::apply(self.kernel, self.values);
  }
};
template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(P...), A&&... arguments) {
  if (genesis::emulation::drops_work()) return cudaSuccess;
  using Call = GenesisCall<P...>;
  static_assert((0 + ... + sizeof(P)) <= 4096, "a card takes 4 KiB of parameters");
  const auto index = [](const dim3& d) { return genesis::emulation::Index{d.x, d.y, d.z}; };
  const genesis::emulation::Launch launch{.kernel = reinterpret_cast<const void*>(kernel),
                                          .grid = index(config->gridDim),
                                          .block = index(config->blockDim),
                                          .shared_bytes = config->dynamicSmemBytes,
                                          .enter = &Call::enter,
                                          .call_bytes = sizeof(Call)};
  if (!genesis::emulation::is_launchable(launch)) return cudaErrorInvalidValue;
  genesis::emulation::enqueue(config->stream, [launch, call = Call{kernel, {std::forward<A>(arguments)...}}] {
    genesis::emulation::run_grid(launch, &call);
    genesis::emulation::note_kernel();
  });
  return cudaSuccess;
}

using GenesisSite = genesis::emulation::Site;
inline void __syncthreads(GenesisSite site = GenesisSite::current()) {
  genesis::emulation::block_barrier(site);
}
inline void __syncwarp(unsigned = 0xffffffffu, GenesisSite site = GenesisSite::current()) {
  genesis::emulation::warp_barrier(site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int distance, GenesisSite site = GenesisSite::current()) {
  genesis::emulation::exchange(&value, sizeof(T), genesis::emulation::lane() ^ distance, mask, site);
  return value;
}
template <class T>
T __shfl_sync(unsigned mask, T value, int from, GenesisSite site = GenesisSite::current()) {
  genesis::emulation::exchange(&value, sizeof(T), from, mask, site);
  return value;
}

inline int __any_sync(unsigned mask, int yes, GenesisSite site = GenesisSite::current()) {
  return genesis::emulation::votes(yes != 0, mask, site) > 0;
}
inline int __all_sync(unsigned mask, int yes, GenesisSite site = GenesisSite::current()) {
  return genesis::emulation::votes(yes != 0, mask, site) == 32;
}

inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)(a)*b >> 64);
}
inline double __longlong_as_double(long long bits) {
  double x;
  return std::memcpy(&x, &bits, 8), x;
}
inline unsigned long long atomicAdd(unsigned long long* at, unsigned long long more) {
  return genesis::emulation::add_atomically(at, more);
}
/// Rounded by itself: the compiler makes no fused operation of it.
inline double __dmul_rn(double a, double b) {
  volatile double product = a * b;
  return product;
}
inline unsigned __float_as_uint(float x) {
  unsigned u;
  return std::memcpy(&u, &x, 4), u;
}
inline float __uint_as_float(unsigned u) {
  float x;
  return std::memcpy(&x, &u, 4), x;
}
inline float __expf(float x) { return std::exp(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
