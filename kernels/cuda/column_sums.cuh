#pragma once
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

inline constexpr int kColumnThreads = 32, kColumnParts = 8;

/// to (+)= column sums of partial [groups, width]: 8 threads a column, each an eighth of the groups in order,
/// then the eight in order.
template <class D>
__global__ void add_groups(const float* partial, int64_t groups, int64_t width, D* to, bool accumulate) {
  __shared__ float parts[kColumnParts][kColumnThreads];
  const int64_t column = int64_t(blockIdx.x) * kColumnThreads + threadIdx.x;
  float sum = 0;
  if (column < width) {
    const int64_t begin = groups * threadIdx.y / kColumnParts,
                  end = groups * (threadIdx.y + 1) / kColumnParts;
    for (int64_t g = begin; g < end; ++g) sum += partial[g * width + column];
  }
  parts[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= width) return;
  for (int p = 1; p < kColumnParts; ++p) sum += parts[p][threadIdx.x];
  to[column] = narrow<D>(accumulate ? widen(to[column]) + sum : sum);
}

template <class D>
void launch_add_groups(const Array& partial, D* to, bool accumulate) {
  const int64_t width = partial.dim(1);
  launch("add_groups",
         {.blocks = (width + kColumnThreads - 1) / kColumnThreads,
          .threads = kColumnThreads,
          .threads_y = kColumnParts},
         add_groups<D>, pointer<const float>(partial), partial.dim(0), width, to, accumulate);
}

/// Workspace on the card.
inline Array card_workspace(Shape shape, DType dtype) {
  MemoryScope scope(MemoryCategory::workspace);
  return Array::empty(std::move(shape), dtype, Device::cuda);
}

}  // namespace genesis::kernels::cuda
