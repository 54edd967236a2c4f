// As rms_norm, with the residual sum made, rounded and written on the way: 4 s bytes per element (reads x and delta,
// writes residual and y). Launch: as there. Share of peak: not measured.
#include "kernels/add_rms_norm.h"

#include "kernels/cuda/norm_rows.cuh"

namespace genesis::kernels {

using namespace cuda;

void run_cuda(const AddRmsNormForward& o) {
  if (o.x.numel() == 0) return;
  const int64_t width = o.x.dim(-1);
  bool aligned = is_aligned(o.weight);
  for (const Array* a : {&o.x, &o.delta, &o.residual, &o.y}) aligned = aligned && is_aligned(*a);
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_float<T>(o.weight.dtype(), [&](auto w) {
      using W = decltype(w);
      launch(o.kName, grid_of_rows(o.rstd.numel(), width), norm_forward_for<T, W, true>(width),
             pointer<T>(o.x), rows_of(o.kName, o.x), pointer<T>(o.delta), rows_of(o.kName, o.delta),
             pointer<W>(o.weight), float(o.eps), pointer<T>(o.residual), rows_of(o.kName, o.residual), pointer<T>(o.y),
             rows_of(o.kName, o.y), pointer<float>(o.rstd), o.rstd.numel(), width, aligned);
    });
  });
}

}  // namespace genesis::kernels
