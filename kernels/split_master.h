#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// A f32 master [n] in three places: the bf16 weight it rounds to, its lower 16 bits, and, for ties, the sign
/// bit of AdamW's second moment, which is never negative (kernels/core/master_bits.h).
///   Such a parameter costs 2 + 2 bytes where a weight and a f32 master cost 2 + 4.
struct SplitArrays {
  Array weight;         ///< [n] bf16
  Array remainder;      ///< [n, 2] u8
  Array second_moment;  ///< [n] f32; its magnitude is the moment
  /// Errors: genesis::Error naming `op` when shapes or dtypes differ from these
  void check(const char* op, int64_t elements) const;
};

/// Takes a master apart: weight and remainder are written, the second moment keeps its magnitude.
/// Effect: counts a write on the weight's storage.    Determinism: bitwise
struct SplitMaster {
  static constexpr const char* kName = "split_master";
  Array master;  ///< [n] f32
  SplitArrays into;
  Device device() const { return master.device(); }
  void check() const;
};

/// Puts it together again.    Determinism: bitwise
struct JoinMaster {
  static constexpr const char* kName = "join_master";
  SplitArrays from;
  Array master;  ///< [n] f32, written
  Device device() const { return master.device(); }
  void check() const;
};

void run_cpu(const SplitMaster&);
void run_cpu(const JoinMaster&);
void run_cuda(const SplitMaster&);
void run_cuda(const JoinMaster&);

}  // namespace genesis::kernels
