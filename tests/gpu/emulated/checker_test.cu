// The emulated card's own checker: kernels and launches that are wrong in one way each, beside the same done right.
#include <gtest/gtest.h>

#include "kernels/core/array.h"
#include "kernels/core/cuda/stream.h"
#include "kernels/cuda/mma.cuh"
#include "tests/cuda_emulation/checker/fault.h"
#include "tests/cuda_emulation/fibers.h"

namespace genesis::kernels::cuda {
namespace {

using emulation::FaultKind;

constexpr int kBlock = 64;

Array floats(int64_t n) { return Array::empty({n}, DType::f32, Device::cuda); }
Array zeros(int64_t n) {
  const Array a = floats(n);
  genesis::cuda::zero_on_card(a.raw(), a.nbytes());
  return a;
}

/// The kinds of faults that fn's work on the card has.
template <class Fn>
std::vector<FaultKind> faults_of(Fn&& fn) {
  genesis::cuda::synchronize();
  const emulation::FaultCatcher caught;
  fn();
  genesis::cuda::synchronize();
  std::vector<FaultKind> kinds;
  for (const auto& f : caught.faults()) {
    EXPECT_FALSE(f.text.empty());
    if (kinds.empty() || kinds.back() != f.kind) kinds.push_back(f.kind);
  }
  return kinds;
}
const std::vector<FaultKind> kNone;
std::vector<FaultKind> only(FaultKind kind) { return {kind}; }

template <class... P, class... A>
void start(const Grid& grid, void (*kernel)(P...), A... arguments) {
  launch("test", grid, kernel, arguments...);
}

enum class Meeting { nowhere, shuffle, warp, block };

/// Every thread hands its number to its neighbour `distance` away.
__global__ void hand_over(float* out, int distance, Meeting meeting) {
  __shared__ float place[kBlock];
  const int i = int(threadIdx.x);
  place[i] = float(i);
  if (meeting == Meeting::shuffle) (void)__shfl_xor_sync(0xffffffffu, i, 1);
  if (meeting == Meeting::warp) __syncwarp();
  if (meeting == Meeting::block) __syncthreads();
  out[i] = place[i ^ distance];
}

TEST(EmulatedChecker, RaceInSharedMemory) {
  const Array out = floats(kBlock);
  const auto run = [&](int distance, Meeting meeting) {
    return faults_of([&] { start({.blocks = 1, .threads = kBlock}, hand_over, pointer<float>(out), distance, meeting); });
  };
  for (const auto& kinds : {run(32, Meeting::nowhere), run(1, Meeting::nowhere)})
    EXPECT_NE(std::find(kinds.begin(), kinds.end(), FaultKind::race), kinds.end());
  EXPECT_EQ(run(1, Meeting::shuffle), only(FaultKind::race)) << "a shuffle orders no memory";
  EXPECT_EQ(run(1, Meeting::warp), kNone);
  EXPECT_NE(run(32, Meeting::warp), kNone) << "a warp's barrier is no barrier between warps";
  EXPECT_EQ(run(32, Meeting::block), kNone);
}

TEST(EmulatedChecker, NamesKernelThreadsAndPlaces) {
  const Array out = floats(kBlock);
  genesis::cuda::synchronize();
  const emulation::FaultCatcher caught;
  start({.blocks = 1, .threads = kBlock}, hand_over, pointer<float>(out), 1, Meeting::shuffle);
  genesis::cuda::synchronize();
  ASSERT_FALSE(caught.faults().empty());
  const std::string& text = caught.faults()[0].text;
  for (const char* part : {"hand_over", "read of 4 bytes", "block 0 thread ", "and a write", "shared place"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in: " << text;
}

/// Two rounds through one buffer; the second must not begin while others read the first.
__global__ void two_rounds(float* out, bool waits) {
  __shared__ float place[kBlock];
  const int i = int(threadIdx.x);
  float sum = 0;
  for (int round = 0; round < 2; ++round) {
    place[i] = float(i + round);
    __syncthreads();
    sum += place[kBlock - 1 - i];
    if (waits) __syncthreads();
  }
  out[i] = sum;
}

TEST(EmulatedChecker, ABufferUsedAgainTooEarly) {
  const Array out = floats(kBlock);
  const auto run = [&](bool waits) {
    return faults_of([&] { start({.blocks = 1, .threads = kBlock}, two_rounds, pointer<float>(out), waits); });
  };
  EXPECT_EQ(run(false), only(FaultKind::race));
  EXPECT_EQ(run(true), kNone);
}

__global__ void write_shares(float* out, int of_block) { out[int(blockIdx.x) * of_block + int(threadIdx.x)] = 1; }
__global__ void count(unsigned long long* sum, bool looks) {
  if (looks && threadIdx.x == 0 && *sum > 100) return;
  atomicAdd(sum, 1ull);
}

TEST(EmulatedChecker, RaceBetweenBlocks) {
  const Array out = floats(2 * kBlock);
  const auto run = [&](int of_block) {
    return faults_of([&] { start({.blocks = 2, .threads = kBlock}, write_shares, pointer<float>(out), of_block); });
  };
  EXPECT_EQ(run(kBlock - 1), only(FaultKind::race)) << "one element of two blocks";
  EXPECT_EQ(run(kBlock), kNone);
  const Array sum = zeros(2);
  const auto add = [&](bool looks) {
    return faults_of(
        [&] { start({.blocks = 3, .threads = kBlock}, count, static_cast<unsigned long long*>(sum.raw()), looks); });
  };
  EXPECT_EQ(add(false), kNone) << "atomics do not race with each other";
  EXPECT_EQ(add(true), only(FaultKind::race)) << "a plain read beside them does";
}

enum class Waiting { never, for_one, for_all, alone };

/// Two groups of copies, each thread 16 bytes of each; then the neighbour's are read.
__global__ void copied(const float* from, float* out, Waiting waiting) {
  alignas(16) __shared__ float place[2][kBlock * 4];
  const int i = int(threadIdx.x) * 4;
  for (int g = 0; g < 2; ++g) {
    copy_async(&place[g][i], from + g * kBlock * 4 + i, true);
    commit_copies();
  }
  if (waiting == Waiting::for_one) wait_copies<1>();
  if (waiting == Waiting::for_all || waiting == Waiting::alone) wait_copies<0>();
  if (waiting != Waiting::alone) __syncthreads();
  out[threadIdx.x] = place[0][i ^ 4] + place[1][i ^ 4];
  wait_copies<0>();
}

TEST(EmulatedChecker, AsynchronousCopies) {
  const Array from = zeros(8 * kBlock), out = floats(kBlock);
  const auto run = [&](Waiting waiting) {
    return faults_of([&] {
      start({.blocks = 1, .threads = kBlock}, copied, pointer<float>(from), pointer<float>(out), waiting);
    });
  };
  const auto has = [](const std::vector<FaultKind>& kinds, FaultKind kind) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  EXPECT_TRUE(has(run(Waiting::never), FaultKind::uninitialised));
  EXPECT_TRUE(has(run(Waiting::for_one), FaultKind::uninitialised)) << "the second group is still under way";
  EXPECT_TRUE(has(run(Waiting::alone), FaultKind::race)) << "a wait is for one's own copies";
  EXPECT_EQ(run(Waiting::for_all), kNone);
}

__global__ void write_up_to(float* out, int64_t n) {
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) out[i] = 0;
}
__global__ void sum_up_to(const float* x, float* out, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  out[0] = sum;
}
__global__ void sum_shared(float* out, int64_t written, int64_t read) {
  auto* place = reinterpret_cast<float*>(dynamic_shared());
  for (int64_t i = 0; i < written; ++i) place[i] = 1;
  float sum = 0;
  for (int64_t i = 0; i < read; ++i) sum += place[i];
  out[0] = sum;
}

TEST(EmulatedChecker, OverrunByOneElement) {
  const Array one = floats(100), other = floats(100), out = floats(1);  // neighbours in one segment
  const auto run = [&](int64_t n) {
    return faults_of([&] { start({.blocks = 1, .threads = 32}, write_up_to, pointer<float>(one), n); });
  };
  EXPECT_EQ(run(101), only(FaultKind::outside));
  EXPECT_EQ(run(100), kNone);
  const auto shared = [&](int64_t n) {
    return faults_of(
        [&] { start({.blocks = 1, .threads = 1, .shared_bytes = 400}, sum_shared, pointer<float>(out), n, n); });
  };
  EXPECT_EQ(shared(101), only(FaultKind::outside));
  EXPECT_EQ(shared(100), kNone);
}

TEST(EmulatedChecker, MemoryThatIsNotTheCards) {
  float host[4] = {};
  const Array out = floats(4);
  EXPECT_EQ(faults_of([&] { start({.blocks = 1, .threads = 1}, sum_up_to, static_cast<const float*>(host),
                                  pointer<float>(out), int64_t{4}); }),
            only(FaultKind::outside));
  float* gone = nullptr;
  {
    const Array freed = zeros(4);
    gone = pointer<float>(freed);
  }
  EXPECT_EQ(faults_of([&] { start({.blocks = 1, .threads = 1}, write_up_to, gone, int64_t{4}); }),
            only(FaultKind::outside));
}

TEST(EmulatedChecker, WhatNobodyWrote) {
  const Array out = floats(1);
  const auto run = [&](const Array& x) {
    return faults_of(
        [&] { start({.blocks = 1, .threads = 1}, sum_up_to, pointer<const float>(x), pointer<float>(out), x.numel()); });
  };
  { const Array written = zeros(8); }  // whoever had the memory before wrote it
  EXPECT_EQ(run(floats(8)), only(FaultKind::uninitialised));
  EXPECT_EQ(run(zeros(8)), kNone);
  const auto shared = [&](int64_t written) {
    return faults_of(
        [&] { start({.blocks = 2, .threads = 1, .shared_bytes = 32}, sum_shared, pointer<float>(out), written, int64_t{8}); });
  };
  const auto kinds = shared(7);
  EXPECT_NE(std::find(kinds.begin(), kinds.end(), FaultKind::uninitialised), kinds.end());
}

__global__ void load_sixteen(const DeviceBf16* x, float* out, int64_t first) {
  float v[8];
  load(x, first, first + 8, true, v);
  out[0] = v[0];
}
__global__ void multiply(int a, int b, int* out) { *out = a * b; }

TEST(EmulatedChecker, MisalignedAndOverflowing) {
  const Array x = zeros(16), out = floats(1);
  const auto run = [&](int64_t first) {
    return faults_of([&] {
      start({.blocks = 1, .threads = 1}, load_sixteen, static_cast<const DeviceBf16*>(x.raw()), pointer<float>(out), first);
    });
  };
  EXPECT_EQ(run(1), only(FaultKind::misaligned));
  EXPECT_EQ(run(8), kNone);
  const auto product = [&](int a) {
    return faults_of([&] { start({.blocks = 1, .threads = 1}, multiply, a, 151936, static_cast<int*>(out.raw())); });
  };
  EXPECT_EQ(product(16384), only(FaultKind::arithmetic));
  EXPECT_EQ(product(8192), kNone);
}

__global__ void two_barriers(int way) {
  const bool first = threadIdx.x < 32;
  if (way == 0) {
    __syncthreads();
  } else if (way == 1) {
    if (first) {
      __syncthreads();
    } else {
      __syncthreads();
    }
  } else if (threadIdx.x % 32 < 16) {
    (void)__shfl_sync(0xffffffffu, way, 20);
  }
}

TEST(EmulatedChecker, ThreadsThatMeetElsewhere) {
  const auto run = [](int way) {
    return faults_of([&] { start({.blocks = 1, .threads = kBlock}, two_barriers, way); });
  };
  EXPECT_EQ(run(0), kNone);
  EXPECT_EQ(run(1), only(FaultKind::synchronisation)) << "__syncthreads in code that not all threads take";
  EXPECT_EQ(run(2), only(FaultKind::synchronisation)) << "a value from a lane that has ended";
}

TEST(EmulatedChecker, StreamsThatDoNotWait) {
  const Array x = zeros(kBlock), out = floats(1);
  const genesis::cuda::Stream side;
  const auto run = [&](bool waits) {
    return faults_of([&] {
      start({.blocks = 1, .threads = 32}, write_up_to, pointer<float>(x), x.numel());
      const genesis::cuda::Event written;
      written.record(genesis::cuda::current_stream());
      if (waits) written.make_wait(side.handle());
      {
        const genesis::cuda::StreamScope scope(side.handle());
        start({.blocks = 1, .threads = 1}, sum_up_to, pointer<const float>(x), pointer<float>(out), x.numel());
      }
      written.synchronize();
      side.synchronize();
    });
  };
  EXPECT_EQ(run(true), kNone);
  EXPECT_EQ(run(false), only(FaultKind::stream_order)) << "whichever of the two came first";
  EXPECT_EQ(run(true), kNone);
}

/// Whether a card takes a launch; a refusal is also a fault.
bool taken(unsigned threads, unsigned grid_y, size_t shared) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(1, grid_y);
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared;
  const emulation::FaultCatcher caught;
  const bool ok = cudaLaunchKernelEx(&config, two_barriers, 0) == cudaSuccess;
  EXPECT_EQ(caught.faults().empty(), ok);
  return ok;
}

TEST(EmulatedChecker, LaunchesThatACardRefuses) {
  EXPECT_TRUE(taken(1024, 65535, 48 << 10));
  EXPECT_FALSE(taken(1025, 1, 0));
  EXPECT_FALSE(taken(0, 1, 0));
  EXPECT_FALSE(taken(32, 65536, 0));
  EXPECT_FALSE(taken(32, 0, 0));
  EXPECT_FALSE(taken(32, 1, (48 << 10) + 16)) << "more than 48 KiB without asking for it";
  ASSERT_EQ(cudaFuncSetAttribute(reinterpret_cast<const void*>(&two_barriers), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 100 << 10),
            cudaSuccess);
  EXPECT_TRUE(taken(32, 1, 100 << 10));
  EXPECT_FALSE(taken(32, 1, (100 << 10) + 16));
  EXPECT_NE(cudaFuncSetAttribute(reinterpret_cast<const void*>(&two_barriers), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 228 << 10),
            cudaSuccess);
  genesis::cuda::synchronize();
  emulation::drain(static_cast<CUstream_st*>(nullptr));
}

TEST(EmulatedChecker, OrderOfBlocksIsShuffled) {
  for (const uint64_t count : {1, 2, 6, 31, 1000}) {
    for (const uint64_t shuffle : {uint64_t{0}, uint64_t{3}, uint64_t{0x123456789abcdef}}) {
      std::vector<bool> seen(count);
      for (uint64_t i = 0; i < count; ++i) seen[emulation::shuffled(i, count, shuffle)] = true;
      EXPECT_EQ(std::count(seen.begin(), seen.end(), true), int64_t(count));
    }
  }
  EXPECT_NE(emulation::shuffled(1, 1000, 0x123456789abcdef), 1u);
}

}  // namespace
}  // namespace genesis::kernels::cuda
