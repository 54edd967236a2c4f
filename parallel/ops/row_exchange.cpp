#include "parallel/ops/row_exchange.h"

namespace genesis::parallel {

Arriving gather_rows(const Array& x, const TensorParallel& tp) {
  if (!tp.splits_rows()) return {x, {}};
  Shape shape = x.shape();
  shape[0] *= tp.size();
  Array all = Array::empty(std::move(shape), x.dtype(), x.device());
  Pending pending = tp.group->all_gather_async(x, all);
  return {std::move(all), std::move(pending)};
}

Arriving sum_rows(const Array& partial, const TensorParallel& tp) {
  if (!tp.is_split()) return {partial, {}};
  if (!tp.sequence) return {partial, tp.group->all_reduce_async(partial)};
  Shape shape = partial.shape();
  GENESIS_CHECK(shape[0] % tp.size() == 0, "sequence parallel: ", shape[0], " rows on ", tp.size(), " ranks");
  shape[0] /= tp.size();
  Array own = Array::empty(std::move(shape), partial.dtype(), partial.device());
  Pending pending = tp.group->reduce_scatter_async(partial, own);
  return {std::move(own), std::move(pending)};
}

int64_t exchange_bytes(int64_t rows, int64_t width, DType dtype, const TensorParallel& tp) {
  if (!tp.is_split()) return 0;
  const int64_t all = rows * width * size_of(dtype);
  return tp.sequence ? 2 * all / tp.size() : all;
}

}  // namespace genesis::parallel
