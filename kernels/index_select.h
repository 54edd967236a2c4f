#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Slices of one dimension picked by number: y_aib = x_a(index_i)b, where `dim` is the middle index.
/// Shapes: x [A…, M, B…], index [n], y [A…, n, B…]; all contiguous      Types: x, y any, one for both; index
/// i32 | i64 Errors: genesis::Error naming place and value when an index is outside [0, M) Determinism:
/// bitwise
struct IndexSelect {
  static constexpr const char* kName = "index_select";
  Array x, index;
  int64_t dim = 0;
  Array y;
  Device device() const { return y.device(); }
  void check() const;
};

/// Its gradient: dx_a(index_i)b += dy_aib, in the order of i. dx must hold something (zeros) beforehand.
/// Types: f64 | f32 | bf16, one for both      Determinism: bitwise
struct IndexAdd {
  static constexpr const char* kName = "index_add";
  Array dy, index;
  int64_t dim = 0;
  Array dx;
  Device device() const { return dx.device(); }
  void check() const;
};

void run_cpu(const IndexSelect&);
void run_cuda(const IndexSelect&);
void run_cpu(const IndexAdd&);
void run_cuda(const IndexAdd&);

}  // namespace genesis::kernels
