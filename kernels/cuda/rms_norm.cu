// Forward: a block a row, 16 bytes a thread; s = size of the dtype: 2 s bytes per element.
// Backward: 528 blocks (fewer rows: one each) walk rows b, b + 528, …; 3 s bytes per element (4 s with dresidual) plus
// the partial sums of dweight, 528 x H x 4 bytes written and read once. A row's sums run over lanes, then warps;
// dweight over a block's rows in order, then over blocks in order: nothing depends on scheduling.
// Launch: H / 8 threads rounded to warps, at most 1024. Share of peak: not measured.
#include "kernels/rms_norm.h"

#include "kernels/cuda/column_sums.cuh"
#include "kernels/cuda/norm_rows.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

constexpr int64_t kGroups = 528;  // 4 blocks a multiprocessor of an H100; fixed, so results do not depend on the card

template <class T, class W>
__global__ void backward(const T* dy, RowMap dy_rows, const T* x, RowMap x_rows, const W* weight, const float* rstd,
                         const T* dresidual, RowMap dresidual_rows, T* dx, RowMap dx_rows, float* partial,
                         int64_t rows, int64_t width, bool aligned) {
  __shared__ float scratch[33];
  const int64_t step = int64_t(blockDim.x) * kVector, first = int64_t(threadIdx.x) * kVector;
  float* sums = partial ? partial + blockIdx.x * width : nullptr;  // [width]
  float kept[kVector] = {};                                        // of dweight, at `first`
  float w0[kVector];
  load(weight, first, width, aligned, w0);
  bool fresh = true;
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T *dy_row = dy + dy_rows.at(row), *x_row = x + x_rows.at(row);
    const float scale = rstd[row];
    float g0[kVector] = {}, x0[kVector] = {};
    float projection = 0;
    for (int64_t h = first; h < width; h += step) {
      float g[kVector], v[kVector], w[kVector];
      load(dy_row, h, width, aligned, g);
      load(x_row, h, width, aligned, v);
      if (h == first) {
#pragma unroll
        for (int j = 0; j < kVector; ++j) {
          w[j] = w0[j];
          g0[j] = g[j];
          x0[j] = v[j];
          kept[j] += g[j] * (v[j] * scale);
        }
      } else {
        load(weight, h, width, aligned, w);
        if (sums) {
#pragma unroll
          for (int j = 0; j < kVector; ++j)
            if (h + j < width) sums[h + j] = (fresh ? 0.0f : sums[h + j]) + g[j] * (v[j] * scale);
        }
      }
#pragma unroll
      for (int j = 0; j < kVector; ++j) projection += g[j] * w[j] * v[j];
    }
    fresh = false;
    if (!dx) continue;
    projection = block_sum(projection, scratch);
    const float slope = projection * scale * scale / float(width);
    T* to = dx + dx_rows.at(row);
    for (int64_t h = first; h < width; h += step) {
      float g[kVector], v[kVector], w[kVector], r[kVector] = {};
      if (h == first) {
#pragma unroll
        for (int j = 0; j < kVector; ++j) {
          g[j] = g0[j];
          v[j] = x0[j];
          w[j] = w0[j];
        }
      } else {
        load(dy_row, h, width, aligned, g);
        load(x_row, h, width, aligned, v);
        load(weight, h, width, aligned, w);
      }
      if (dresidual) load(dresidual + dresidual_rows.at(row), h, width, aligned, r);
#pragma unroll
      for (int j = 0; j < kVector; ++j) r[j] += scale * (g[j] * w[j] - v[j] * slope);
      store(to, h, width, aligned, r);
    }
  }
  if (sums) store(sums, first, width, aligned && width % 4 == 0, kept);
}

}  // namespace

void run_cuda(const RmsNormForward& o) {
  if (o.x.numel() == 0) return;
  const int64_t width = o.x.dim(-1);
  const bool aligned = is_aligned(o.x) && is_aligned(o.y) && is_aligned(o.weight);
  const RowMap none;
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_float<T>(o.weight.dtype(), [&](auto w) {
      using W = decltype(w);
      launch(o.kName, {.blocks = o.rstd.numel(), .threads = row_threads(width)}, norm_forward<T, W, false>,
             pointer<T>(o.x), rows_of(o.kName, o.x), nullptr, none, pointer<W>(o.weight), float(o.eps), nullptr, none,
             pointer<T>(o.y), rows_of(o.kName, o.y), pointer<float>(o.rstd), width, aligned);
    });
  });
}

void run_cuda(const RmsNormBackward& o) {
  const int64_t width = o.x.dim(-1), rows = o.rstd.numel();
  if (o.weight.numel() == 0) return;
  if (rows == 0) {
    if (o.dweight.defined() && !o.accumulate_dweight)
      genesis::cuda::zero_on_card(o.dweight.raw(), o.dweight.nbytes());
    return;
  }
  const int64_t groups = std::min(rows, kGroups);
  const Array partial = o.dweight.defined() ? card_workspace({groups, width}, DType::f32) : Array();
  bool aligned = is_aligned(o.weight);
  for (const Array* a : {&o.dy, &o.x, &o.dresidual, &o.dx}) aligned = aligned && is_aligned(*a);
  const auto map = [&](const Array& a) { return a.defined() ? rows_of(o.kName, a) : RowMap{}; };
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_float<T>(o.weight.dtype(), [&](auto w) {
      using W = decltype(w);
      launch(o.kName, {.blocks = groups, .threads = row_threads(width)}, backward<T, W>, pointer<T>(o.dy),
             map(o.dy), pointer<T>(o.x), map(o.x), pointer<W>(o.weight), pointer<float>(o.rstd),
             pointer<T>(o.dresidual), map(o.dresidual), pointer<T>(o.dx), map(o.dx), pointer<float>(partial), rows,
             width, aligned);
    });
  });
  if (o.dweight.defined())
    launch_add_groups(partial, pointer<float>(o.dweight), o.accumulate_dweight);
}

}  // namespace genesis::kernels
