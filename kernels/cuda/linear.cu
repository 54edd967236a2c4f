// Products by cuBLASLt (gemm.h): the bias in the epilogue, an f32 dweight with beta = 1; those of up to four rows by
// gemv.cuh. The bias gradient: a thread takes 8 neighbouring columns, a block 32 x 8 threads; 64 groups of rows are summed in
// order, then the groups in order. s bytes per element of dy, read once. Share of peak: not measured.
#include "kernels/linear.h"

#include "kernels/copy.h"
#include "kernels/cuda/column_sums.cuh"
#include "kernels/cuda/gemm.h"
#include "kernels/cuda/gemv.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

constexpr int64_t kGroups = 64;
constexpr int kRowsAtOnce = 8, kRowsDeep = 4;

template <class T>
__global__ void sum_rows(const T* dy, int64_t stride, int64_t rows, int64_t width, bool aligned, float* partial) {
  __shared__ float parts[kRowsAtOnce][32 * kVector];
  const int64_t column = (int64_t(blockIdx.x) * 32 + threadIdx.x) * kVector, group = blockIdx.y;
  const int64_t begin = rows * group / gridDim.y, end = rows * (group + 1) / gridDim.y;
  float sum[kVector] = {};
  if (column < width) {
    for (int64_t r = begin + threadIdx.y; r < end; r += kRowsAtOnce * kRowsDeep) {
      RawVector<T> raw[kRowsDeep];  // all under way before the first is used
#pragma unroll
      for (int u = 0; u < kRowsDeep; ++u)
        if (r + u * kRowsAtOnce < end)
          raw[u].load_from(dy + (r + u * kRowsAtOnce) * stride, column, width, aligned);
#pragma unroll
      for (int u = 0; u < kRowsDeep; ++u) {
        float v[kVector];
        raw[u].widened(v);
#pragma unroll
        for (int j = 0; j < kVector; ++j) sum[j] += v[j];
      }
    }
  }
#pragma unroll
  for (int j = 0; j < kVector; ++j) parts[threadIdx.y][threadIdx.x * kVector + j] = sum[j];
  __syncthreads();
  const int within = int(threadIdx.y) * 32 + int(threadIdx.x);  // 256 threads, 256 columns
  const int64_t mine = int64_t(blockIdx.x) * 32 * kVector + within;
  if (mine >= width) return;
  float total = 0;
#pragma unroll
  for (int p = 0; p < kRowsAtOnce; ++p) total += parts[p][within];
  partial[group * width + mine] = total;
}

GemmOperand stored(const Array& a, bool transposed) {
  return {.data = a.raw(), .row = a.dim(0) > 1 ? a.strides()[0] : a.dim(1), .transposed = transposed};
}

int64_t row_stride(const Array& a) { return a.dim(0) > 1 ? a.strides()[0] : a.dim(1); }

void forward_of_few_rows(const LinearForward& o, const Array& bias) {
  const bool aligned = is_aligned(o.x) && is_aligned(o.weight);
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_float<T>(o.y.dtype(), [&](auto out) {
      using Y = decltype(out);
      launch_gemv<T, Y>(pointer<T>(o.x), row_stride(o.x), pointer<T>(o.weight), pointer<Y>(bias), pointer<Y>(o.y),
                        row_stride(o.y), o.y.dim(0), o.y.dim(1), o.x.dim(1), aligned);
    });
  });
}

}  // namespace

void run_cuda(const LinearForward& o) {
  if (o.y.numel() == 0) return;
  const Array bias = o.bias.defined() && o.bias.dtype() != o.y.dtype() ? converted_copy(o.bias, o.y.dtype()) : o.bias;
  if (o.x.dim(0) <= kGemvRows && o.x.dim(1) > 0) return forward_of_few_rows(o, bias);
  gemm({.m = o.x.dim(0),
        .n = o.weight.dim(0),
        .k = o.weight.dim(1),
        .in = o.x.dtype(),
        .out = o.y.dtype(),
        .a = stored(o.x, false),
        .b = stored(o.weight, true),
        .c = o.y.raw(),
        .c_row = row_stride(o.y),
        .bias = bias.defined() ? bias.raw() : nullptr});
}

void run_cuda(const LinearBackward& o) {
  if (o.dx.defined() && o.dx.numel() > 0) {
    gemm({.m = o.dy.dim(0),
          .n = o.weight.dim(1),
          .k = o.dy.dim(1),
          .in = o.dy.dtype(),
          .out = o.dx.dtype(),
          .a = stored(o.dy, false),
          .b = stored(o.weight, false),
          .c = o.dx.raw(),
          .c_row = row_stride(o.dx)});
  }
  if (o.dweight.defined() && o.dweight.numel() > 0) {
    gemm({.m = o.dy.dim(1),
          .n = o.x.dim(1),
          .k = o.dy.dim(0),
          .in = o.dy.dtype(),
          .out = o.dweight.dtype(),
          .a = stored(o.dy, true),
          .b = stored(o.x, false),
          .c = o.dweight.raw(),
          .c_row = o.dweight.dim(1),
          .accumulate = o.accumulate_dweight});
  }
  if (o.dbias.defined() && o.dbias.numel() > 0) {
    const int64_t width = o.dy.dim(1), rows = o.dy.dim(0);
    const Array partial = card_workspace({kGroups, width}, DType::f32);
    dispatch_device(o.dy.dtype(), [&](auto tag) {
      using T = decltype(tag);
      launch("linear.sum_rows",
             {.blocks = (width + 32 * kVector - 1) / (32 * kVector), .threads = 32, .blocks_y = kGroups,
              .threads_y = kRowsAtOnce},
             sum_rows<T>, pointer<T>(o.dy), row_stride(o.dy), rows, width, is_aligned(o.dy), pointer<float>(partial));
      dispatch_own_or_float<T>(o.dbias.dtype(), [&](auto d) {
        launch_add_groups(partial, pointer<decltype(d)>(o.dbias), o.accumulate_dbias);
      });
    });
  }
}

}  // namespace genesis::kernels
