#include "parallel/ops/row_exchange.h"

namespace genesis::parallel {

namespace {

Array room_for_all(const Array& x, const TensorParallel& tp) {
  Shape shape = x.shape();
  shape[0] *= tp.size();
  return Array::empty(std::move(shape), x.dtype(), x.device());
}

Array room_for_own(const Array& partial, const TensorParallel& tp) {
  Shape shape = partial.shape();
  GENESIS_CHECK(shape[0] % tp.size() == 0, "sequence parallel: ", shape[0], " rows on ", tp.size(), " ranks");
  shape[0] /= tp.size();
  return Array::empty(std::move(shape), partial.dtype(), partial.device());
}

}  // namespace

Array gather_rows(const Array& x, const TensorParallel& tp) {
  if (!tp.splits_rows()) return x;
  Array all = room_for_all(x, tp);
  tp.group->all_gather(x, all);
  return all;
}

Array sum_rows(const Array& partial, const TensorParallel& tp) {
  if (!tp.is_split()) return partial;
  if (!tp.sequence) {
    tp.group->all_reduce(partial);
    return partial;
  }
  Array own = room_for_own(partial, tp);
  tp.group->reduce_scatter(partial, own);
  return own;
}

Arriving start_gathering_rows(const Array& x, const TensorParallel& tp) {
  if (!tp.splits_rows()) return {x, {}};
  Array all = room_for_all(x, tp);
  Pending pending = tp.group->all_gather_async(x, all);
  return {std::move(all), std::move(pending)};
}

Arriving start_summing_rows(const Array& partial, const TensorParallel& tp) {
  if (!tp.is_split()) return {partial, {}};
  if (!tp.sequence) return {partial, tp.group->all_reduce_async(partial)};
  Array own = room_for_own(partial, tp);
  Pending pending = tp.group->reduce_scatter_async(partial, own);
  return {std::move(own), std::move(pending)};
}

int64_t exchange_bytes(int64_t rows, int64_t width, DType dtype, const TensorParallel& tp) {
  if (!tp.is_split()) return 0;
  const int64_t all = rows * width * size_of(dtype);
  return tp.sequence ? 2 * all / tp.size() : all;
}

}  // namespace genesis::parallel
