#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kernels/core/dtype.h"

namespace genesis::parallel {

enum class Collective : uint8_t { all_reduce, reduce_scatter, all_gather, broadcast, barrier, send, recv };

constexpr std::string_view name_of(Collective c) {
  constexpr std::string_view names[] = {"all_reduce", "reduce_scatter", "all_gather", "broadcast",
                                        "barrier",    "send",           "recv"};
  return names[static_cast<int>(c)];
}

/// sum wraps around for integers; max and min of floats propagate NaN. tree_sum adds in another order than
/// sum: the first half of the ranks, the second half, and both, the halves likewise (ranks: a power of two).
enum class ReduceOp : uint8_t { sum, max, min, tree_sum };

constexpr std::string_view name_of(ReduceOp op) {
  constexpr std::string_view names[] = {"sum", "max", "min", "tree_sum"};
  return names[static_cast<int>(op)];
}

/// One communication call as every rank must agree on it (send and recv: as the two partners must).
struct Call {
  Collective collective = Collective::barrier;
  ReduceOp reduce = ReduceOp::sum;  ///< all_reduce, reduce_scatter
  DType dtype = DType::u8;
  int64_t count = 0;  ///< elements: all_reduce, broadcast, send, recv: of the array; reduce_scatter: of the
                      ///< output; all_gather: of the input
  int32_t peer = 0;   ///< broadcast: root; send: receiver; recv: sender
  int64_t sequence = 0;  ///< 0, 1, … per communicator

  int64_t bytes() const { return count * size_of(dtype); }
};

/// "all_reduce sum of 100 x f32"
std::string describe(const Call& call);

/// Compares what every rank is about to do (indexed by rank).
/// Errors: genesis::Error naming the first rank that differs from rank 0, and both calls.
void check_agreement(std::span<const Call> calls);

/// What the log of a communicator keeps of a call.
struct CallRecord {
  int64_t sequence = 0;
  Collective collective = Collective::barrier;
  DType dtype = DType::u8;
  int64_t count = 0;  ///< as in Call
  int64_t bytes = 0;  ///< count * size of dtype
  std::string group;  ///< name of the communicator
};

}  // namespace genesis::parallel
