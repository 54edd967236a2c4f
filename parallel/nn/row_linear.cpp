#include "parallel/nn/row_linear.h"

#include "parallel/shard.h"

namespace genesis::parallel {

RowLinear::RowLinear(int64_t in_features, int64_t out_features, bool with_bias, DType dtype,
                     const TensorParallel& tp)
    : tp_(tp) {
  Shard columns = Shard::columns({out_features, in_features}, tp.rank(), tp.size());
  weight = register_parameter("weight", nn::parameter(columns.local, dtype));
  set_shard(weight, std::move(columns));
  if (!with_bias) return;
  bias = register_parameter("bias", nn::parameter({out_features}, dtype));
  set_shard(bias, Shard::whole({out_features}, tp.rank()));
}

}  // namespace genesis::parallel
