// H / 8 threads a row, rounded to warps, at most 1024; narrow rows share a block of 256. s = size of the dtype.
// Forward: 2 s bytes per element. Backward: 528 blocks (fewer rows: fewer); group g of threads walks rows g, g + groups,
// …, the next one on its way while this one is summed; 3 s bytes per element (4 s with dresidual) plus the partial sums
// of dweight, groups x H x 4 bytes written and read once. A row's sums run over lanes, then warps; dweight over a
// group's rows in order, then over groups in order: nothing depends on scheduling. Share of peak: not measured.
#include "kernels/rms_norm.h"

#include "kernels/cuda/column_sums.cuh"
#include "kernels/cuda/norm_rows.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

constexpr int64_t kBlocks = 528;  // 4 a multiprocessor of an H100; fixed, so results do not depend on the card

template <class T>
struct BackwardRows {
  const T *dy, *x, *dresidual;
  T* dx;
  RowMap dy_rows, x_rows, dresidual_rows, dx_rows;
  const float* rstd;
  float* partial;  // of dweight, [groups, width], or null
  int64_t rows, width;
};

/// Rows that lie on 16 bytes and have at most kNarrowRow elements: a thread keeps its kVector of them, and while a row
/// of bf16 is summed the next one is on its way.
template <class T, class W>
__global__ void __launch_bounds__(1024) backward_in_registers(const BackwardRows<T> o, const W* weight) {
  constexpr bool kAhead = std::is_same_v<T, DeviceBf16>;  // rows of f32 and f16 would need more registers than there are
  __shared__ float scratch[2][32];
  RowSum row_sum{scratch};
  const int64_t group = int64_t(blockIdx.x) * blockDim.y + threadIdx.y, groups = int64_t(gridDim.x) * blockDim.y;
  const int64_t first = int64_t(threadIdx.x) * kVector;
  const bool mine = first < o.width;
  float w[kVector], kept[kVector] = {};  // of dweight
  load(weight, first, o.width, true, w);
  RawVector<T> dy, x;
  const auto fetch = [&](int64_t row, RawVector<T>& to_dy, RawVector<T>& to_x) {
    if (!mine || row >= o.rows) return;
    to_dy.load_whole(o.dy + o.dy_rows.at(row) + first);
    to_x.load_whole(o.x + o.x_rows.at(row) + first);
  };
  if constexpr (kAhead) fetch(group, dy, x);
  for (int64_t row = group; row - group < o.rows; row += groups) {  // all threads of a block go round as often
    RawVector<T> next_dy, next_x, dresidual;
    if constexpr (kAhead)
      fetch(row + groups, next_dy, next_x);
    else
      fetch(row, dy, x);
    const bool here = mine && row < o.rows;
    if (o.dresidual && here) dresidual.load_whole(o.dresidual + o.dresidual_rows.at(row) + first);
    const float scale = row < o.rows ? o.rstd[row] : 0.0f;
    float g[kVector], v[kVector], projection = 0;
    dy.widened(g);
    x.widened(v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) {
      kept[j] += here ? g[j] * (v[j] * scale) : 0.0f;
      projection += g[j] * w[j] * v[j];
    }
    if (o.dx) {
      const float slope = row_sum(here ? projection : 0.0f) * scale * scale / float(o.width);
      float r[kVector];
      dresidual.widened(r);
#pragma unroll
      for (int j = 0; j < kVector; ++j) r[j] += scale * (g[j] * w[j] - v[j] * slope);
      if (here) {
        T* to = o.dx + o.dx_rows.at(row) + first;
#pragma unroll
        for (int k = 0; k < kVector; k += kPer16Bytes<T>) store_16_bytes(to + k, pack<T>(r + k));
      }
    }
    if constexpr (kAhead) {
      dy = next_dy;
      x = next_x;
    }
  }
  if (o.partial && mine) {
    float* to = o.partial + group * o.width + first;
#pragma unroll
    for (int k = 0; k < kVector; k += 4) store_16_bytes(to + k, pack<float>(kept + k));
  }
}

/// Any rows; each is read twice, and dweight's share of a group is summed in memory.
template <class T, class W>
__global__ void __launch_bounds__(1024) backward_in_memory(const BackwardRows<T> o, const W* weight, bool aligned) {
  __shared__ float scratch[2][32];
  RowSum row_sum{scratch};
  const int64_t group = int64_t(blockIdx.x) * blockDim.y + threadIdx.y, groups = int64_t(gridDim.x) * blockDim.y;
  const int64_t step = int64_t(blockDim.x) * kVector, first = int64_t(threadIdx.x) * kVector;
  float* sums = o.partial ? o.partial + group * o.width : nullptr;  // [width]
  for (int64_t h = first; sums && h < o.width; h += step)
    for (int64_t i = h; i < h + kVector && i < o.width; ++i) sums[i] = 0;
  for (int64_t row = group; row - group < o.rows; row += groups) {  // all threads of a block go round as often
    const int64_t end = row < o.rows ? o.width : 0;                 // a row behind the last one has no elements
    const T *dy = o.dy + o.dy_rows.at(row), *x = o.x + o.x_rows.at(row);
    const float scale = row < o.rows ? o.rstd[row] : 0.0f;
    float g[kVector], v[kVector], w[kVector], projection = 0;
    for (int64_t h = first; h < end; h += step) {
      load(dy, h, end, aligned, g);
      load(x, h, end, aligned, v);
      load(weight, h, end, aligned, w);
#pragma unroll
      for (int j = 0; j < kVector; ++j) {
        if (sums && h + j < end) sums[h + j] += g[j] * (v[j] * scale);
        projection += g[j] * w[j] * v[j];
      }
    }
    if (!o.dx) continue;
    const float slope = row_sum(projection) * scale * scale / float(o.width);
    for (int64_t h = first; h < end; h += step) {
      float r[kVector] = {};
      load(dy, h, end, aligned, g);
      load(x, h, end, aligned, v);
      load(weight, h, end, aligned, w);
      if (o.dresidual) load(o.dresidual + o.dresidual_rows.at(row), h, end, aligned, r);
#pragma unroll
      for (int j = 0; j < kVector; ++j) r[j] += scale * (g[j] * w[j] - v[j] * slope);
      store(o.dx + o.dx_rows.at(row), h, end, aligned, r);
    }
  }
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
      launch(o.kName, grid_of_rows(o.rstd.numel(), width), norm_forward_for<T, W, false>(width),
             pointer<T>(o.x), rows_of(o.kName, o.x), nullptr, none, pointer<W>(o.weight), float(o.eps), nullptr, none,
             pointer<T>(o.y), rows_of(o.kName, o.y), pointer<float>(o.rstd), o.rstd.numel(), width, aligned);
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
  const Grid grid = grid_of_rows(rows, width, kBlocks);
  const Array partial =
      o.dweight.defined() ? card_workspace({grid.blocks * grid.threads_y, width}, DType::f32) : Array();
  bool aligned = is_aligned(o.weight);
  for (const Array* a : {&o.dy, &o.x, &o.dresidual, &o.dx}) aligned = aligned && is_aligned(*a);
  const auto map = [&](const Array& a) { return a.defined() ? rows_of(o.kName, a) : RowMap{}; };
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    const BackwardRows<T> backward{.dy = pointer<T>(o.dy),
                                   .x = pointer<T>(o.x),
                                   .dresidual = pointer<T>(o.dresidual),
                                   .dx = pointer<T>(o.dx),
                                   .dy_rows = map(o.dy),
                                   .x_rows = map(o.x),
                                   .dresidual_rows = map(o.dresidual),
                                   .dx_rows = map(o.dx),
                                   .rstd = pointer<float>(o.rstd),
                                   .partial = pointer<float>(partial),
                                   .rows = rows,
                                   .width = width};
    dispatch_own_or_float<T>(o.weight.dtype(), [&](auto w) {
      using W = decltype(w);
      if (aligned && width <= kNarrowRow && width % kVector == 0)
        launch(o.kName, grid, backward_in_registers<T, W>, backward, pointer<W>(o.weight));
      else
        launch(o.kName, grid, backward_in_memory<T, W>, backward, pointer<W>(o.weight), aligned);
    });
  });
  if (o.dweight.defined())
    launch_add_groups(partial, pointer<float>(o.dweight), o.accumulate_dweight);
}

}  // namespace genesis::kernels
