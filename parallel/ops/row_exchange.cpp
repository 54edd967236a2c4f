#include "parallel/ops/row_exchange.h"

namespace genesis::parallel {

namespace {

Array rows_of(const Array& a, const Range& rows) { return a.slice(0, rows.begin, rows.end); }

/// x [rows, W] with another number of rows.
Array room_for(const Array& x, int64_t rows) {
  Shape shape = x.shape();
  shape[0] = rows;
  return Array::empty(std::move(shape), x.dtype(), x.device());
}

/// One exchange: rows this rank holds of every chunk, and all of them.
struct Exchange {
  RowChunks chunks;
  Array own, all;  // [N / ranks that share rows, W], [N, W]
  Communicator& group;

  /// Chunk i of `own` to every rank.
  void gather(int64_t i) const { group.all_gather(rows_of(own, chunks.own(i)), rows_of(all, chunks.all(i))); }
  Pending start_gathering(int64_t i) const {
    return group.all_gather_async(rows_of(own, chunks.own(i)), rows_of(all, chunks.all(i)));
  }
  bool is_shared() const { return own.dim(0) != all.dim(0); }
  /// The sums of chunk i of `all` into `own`.
  void sum(int64_t i) const {
    const Array partial = rows_of(all, chunks.all(i));
    is_shared() ? group.reduce_scatter(partial, rows_of(own, chunks.own(i))) : group.all_reduce(partial);
  }
  Pending start_summing(int64_t i) const {
    const Array partial = rows_of(all, chunks.all(i));
    return is_shared() ? group.reduce_scatter_async(partial, rows_of(own, chunks.own(i)))
                       : group.all_reduce_async(partial);
  }
};

Exchange gathering(const Array& x, const TensorParallel& tp) {
  const RowChunks chunks(rows_of_all(x, tp), tp);
  return {chunks, x, room_for(x, chunks.rows()), *tp.group};
}

Exchange summing(const Array& partial, const TensorParallel& tp) {
  const RowChunks chunks(partial.dim(0), tp);
  const Array own = tp.splits_rows() ? room_for(partial, chunks.rows() / tp.size()) : partial;
  return {chunks, own, partial, *tp.group};
}

}  // namespace

int64_t rows_of_all(const Array& own, const TensorParallel& tp) {
  return own.dim(0) * (tp.splits_rows() ? tp.size() : 1);
}

Array gather_rows(const Array& x, const TensorParallel& tp, const UseRows& use) {
  if (!tp.splits_rows()) {
    if (use) use({0, x.dim(0)}, x);
    return x;
  }
  const Exchange exchange = gathering(x, tp);
  const RowChunks& chunks = exchange.chunks;
  if (!use || chunks.size() == 1) {  // nothing to compute meanwhile
    for (int64_t i = 0; i < chunks.size(); ++i) exchange.gather(i);
    if (use) use({0, chunks.rows()}, exchange.all);
    return exchange.all;
  }
  std::vector<Pending> pending;
  for (int64_t i = 0; i < chunks.size(); ++i) pending.push_back(exchange.start_gathering(i));
  for (int64_t i = 0; i < chunks.size(); ++i) {
    pending[size_t(i)].wait();
    use(chunks.all(i), rows_of(exchange.all, chunks.all(i)));
  }
  return exchange.all;
}

Arriving start_gathering_rows(const Array& x, const TensorParallel& tp) {
  if (!tp.splits_rows() || tp.overlap.chunks == 0) return {gather_rows(x, tp), {}};
  const Exchange exchange = gathering(x, tp);
  Arriving arriving{exchange.all, {}};
  for (int64_t i = 0; i < exchange.chunks.size(); ++i)
    arriving.pending.push_back(exchange.start_gathering(i));
  return arriving;
}

Array sum_rows(const Array& partial, const TensorParallel& tp, const MakeRows& make) {
  if (!tp.is_split()) {
    if (make) make({0, partial.dim(0)});
    return partial;
  }
  if (!make && !tp.splits_rows()) {
    tp.group->all_reduce(partial);
    return partial;
  }
  const Exchange exchange = summing(partial, tp);
  const int64_t last = exchange.chunks.size() - 1;
  Arriving arriving{exchange.own, {}};
  for (int64_t i = 0; i <= last; ++i) {
    if (make) make(exchange.chunks.all(i));
    // Behind the last one, or with nothing to make, there is nothing to compute meanwhile.
    if (make && i < last)
      arriving.pending.push_back(exchange.start_summing(i));
    else
      exchange.sum(i);
  }
  return arriving.wait();
}

Arriving start_summing_rows(const Array& partial, const TensorParallel& tp, const MakeRows& make) {
  if (!tp.is_split() || tp.overlap.chunks == 0) return {sum_rows(partial, tp, make), {}};
  const Exchange exchange = summing(partial, tp);
  Arriving arriving{exchange.own, {}};
  for (int64_t i = 0; i < exchange.chunks.size(); ++i) {
    if (make) make(exchange.chunks.all(i));
    arriving.pending.push_back(exchange.start_summing(i));
  }
  return arriving;
}

int64_t exchange_bytes(int64_t rows, int64_t width, DType dtype, const TensorParallel& tp) {
  if (!tp.is_split()) return 0;
  const int64_t all = rows * width * size_of(dtype);
  return tp.sequence ? 2 * all / tp.size() : all;
}

}  // namespace genesis::parallel
