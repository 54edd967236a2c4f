#pragma once
#include <functional>

#include "kernels/attention.h"

namespace genesis::kernels::cuda {

/// Attention by cuDNN where that is faster. A shape is decided when it first comes: both are run on its own
/// arrays and timed; cuDNN must also give our numbers, within what bf16 allows, or it is not used and a
/// warning says so. What was found is kept on disk by card and version of cuDNN, and never changes in a run:
/// a checkpoint's second run has the bits of the first. Packed documents are put in buckets (their number to
/// powers of two, the longest to four sizes per power of two), since building a plan takes long.
///   Asked for: bf16 and f16, head dimensions that are multiples of 8 up to 128, as many keys as queries, 512
///   rows and more, plans that need no more than 512 MiB of workspace. Anything else, and whatever cuDNN has
///   no plan for, is left to `own`.
/// Returns whether the outputs were written; otherwise the caller computes them. `own` runs our kernels on
/// the same arrays.    Determinism: bitwise, both ways
bool library_attention(const AttentionForward& op, const std::function<void()>& own);
bool library_attention(const AttentionBackward& op, const std::function<void()>& own);

/// Whether cuDNN may compute attention over so many rows.
bool library_may_attend(DType dtype, int64_t head_dim, int64_t rows);

/// Who computes attention: whoever was measured to be faster (the default), our kernels (GENESIS_CUDNN=0), or
/// cuDNN wherever it has a plan. For tests and measurements.
enum class AttentionWay { measured, own, library };
void set_attention_way(AttentionWay way);

/// Ours and cuDNN's milliseconds of the shapes measured in this process, one line each.
std::string attention_measurements();

}  // namespace genesis::kernels::cuda
