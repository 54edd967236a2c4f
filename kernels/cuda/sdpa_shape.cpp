#include "kernels/core/check.h"
#include "kernels/cuda/sdpa_plan.h"

namespace genesis::kernels::cuda {

int64_t row_of(const SdpaShape& s, SdpaOffset which) {
  switch (which) {
    case kOffsetQ:
      return s.q_row;
    case kOffsetK:
      return s.k_row;
    case kOffsetV:
      return s.v_row;
    case kOffsetOut:
      return s.out_row;
    case kOffsetStats:
      return s.heads;
    case kOffsetDout:
      return s.dout_row;
    case kOffsetDq:
      return s.dq_row;
    case kOffsetDk:
      return s.dk_row;
    case kOffsetDv:
      break;
  }
  return s.dv_row;
}

std::string SdpaShape::text() const {
  return fmt::format("attention.{}.{}.{}.b{}.s{}.h{}.k{}.d{}.r{}.{}.{}.{}.{}.{}.{}.{}.x{:a}",
                     backward ? "backward" : "forward", packed ? "packed" : "even", name_of(dtype), sequences,
                     length, heads, kv_heads, d, q_row, k_row, v_row, out_row, dout_row, dq_row, dk_row,
                     dv_row, scale);
}

}  // namespace genesis::kernels::cuda
