// One launch over all gradients, a block per 16384 elements of one of them, 16-byte accesses; s bytes per element, read
// once. Squares in f64; a block's sum over threads in a fixed order, blocks of a tensor in order. Share of peak: not
// measured.
#include "kernels/grad_norm.h"

#include "kernels/cuda/column_sums.cuh"
#include "kernels/cuda/tensor_list.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

struct Entry {
  const void* data;
  int64_t elements, first_block, place;
  DType dtype;
};

template <class T>
__device__ double squares(const T* p, int64_t begin, int64_t end) {
  const bool aligned = reinterpret_cast<uintptr_t>(p) % 16 == 0;
  double sum = 0;
  for (int64_t i = begin + int64_t(threadIdx.x) * kVector; i < end; i += int64_t(blockDim.x) * kVector) {
    float v[kVector];
    load(p, i, end, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) sum += double(v[j]) * double(v[j]);
  }
  return sum;
}

__global__ void partial_sums(const Entry* entries, int64_t count, double* partial) {
  __shared__ double scratch[33];
  const Entry e = entry_of_block(entries, count);
  const int64_t begin = (int64_t(blockIdx.x) - e.first_block) * kListChunk;
  const int64_t end = begin + kListChunk < e.elements ? begin + kListChunk : e.elements;
  double sum;
  if (e.dtype == DType::f32) sum = squares(static_cast<const float*>(e.data), begin, end);
  else if (e.dtype == DType::bf16) sum = squares(static_cast<const DeviceBf16*>(e.data), begin, end);
  else sum = squares(static_cast<const DeviceF16*>(e.data), begin, end);
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

/// A block a tensor.
__global__ void add_partial(const Entry* entries, const double* partial, double* sums) {
  __shared__ double scratch[33];
  const Entry e = entries[blockIdx.x];
  const int64_t blocks = (e.elements + kListChunk - 1) / kListChunk;
  double sum = 0;
  for (int64_t b = threadIdx.x; b < blocks; b += blockDim.x) sum += partial[e.first_block + b];
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0) sums[e.place] = sum;
}

}  // namespace

void run_cuda(const GradNorm& o) {
  genesis::cuda::zero_on_card(o.sums.raw(), o.sums.nbytes());
  TensorList<Entry> list;
  for (size_t i = 0; i < o.grads.size(); ++i) {
    const Array& g = o.grads[i];
    list.add({.data = g.numel() > 0 ? g.raw() : nullptr,
              .elements = g.numel(),
              .first_block = 0,
              .place = int64_t(i),
              .dtype = g.dtype()},
             g.numel());
  }
  if (list.blocks() == 0) return;
  const Array entries = list.upload(), partial = card_workspace({list.blocks()}, DType::f64);
  const auto* first = static_cast<const Entry*>(entries.raw());
  launch(o.kName, {.blocks = list.blocks()}, partial_sums, first, list.size(), pointer<double>(partial));
  launch("grad_norm.add_partial", {.blocks = list.size()}, add_partial, first, pointer<double>(partial),
         pointer<double>(o.sums));
}

}  // namespace genesis::kernels
