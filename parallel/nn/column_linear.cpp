#include "parallel/nn/column_linear.h"

#include <algorithm>

namespace genesis::parallel {
namespace {

Tensor sharded_parameter(Shard shard, DType dtype) {
  Tensor p = nn::parameter(shard.local, dtype);
  set_shard(p, std::move(shard));
  return p;
}

/// Blocks that ranks share are the last ones: where they begin in the local rows.
int64_t first_replicated_row(const std::vector<RowBlock>& blocks, const TensorParallel& tp) {
  int64_t row = 0;
  for (const RowBlock& b : blocks) {
    if (b.units > 0 && b.units < tp.size()) return row;
    row += stacked_rows({b}, {b.rows}, tp.rank(), tp.size()).local[0];
  }
  return row;
}

}  // namespace

ColumnLinear::ColumnLinear(int64_t in_features, const std::vector<RowBlock>& blocks, const Options& options)
    : tp_(options.tp) {
  int64_t rows = 0;
  bool seen = false;
  for (const RowBlock& b : blocks) {
    rows += b.rows;
    const bool replicated = b.units > 0 && b.units < tp_.size();
    GENESIS_CHECK(replicated || !seen, "blocks that ranks share must come last");
    seen = seen || replicated;
  }
  weight = register_parameter(
      "weight",
      sharded_parameter(stacked_rows(blocks, {rows, in_features}, tp_.rank(), tp_.size()), options.dtype));
  if (options.bias)
    bias = register_parameter(
        "bias", sharded_parameter(stacked_rows(blocks, {rows}, tp_.rank(), tp_.size()), options.dtype));
  if (!seen) return;
  GENESIS_CHECK(options.replicas, "some rows are on several ranks; their group is missing");
  replicated_ = {first_replicated_row(blocks, tp_), options.replicas};
}

}  // namespace genesis::parallel
