#pragma once
#include "kernels/core/array.h"
#include "kernels/core/cuda/stream.h"

namespace genesis::cuda {

/// A copy of host bytes on the card that is made beside the kernels: on a stream of its own, through pinned
/// memory, so that the inputs of the next micro-step arrive while this one runs. Work that the current stream
/// is given from now on sees it; src may change at once.
/// Result: u8 [bytes]. Let go of it while that stream is the current one.
/// Memory: blocks of a power of two that are kept (MemoryCategory::workspace); one is used again when the
/// work
///   that was given away before it was let go of is done. More than kUploadBytes of them are not made: a copy
///   then waits for the oldest on its stream.
Array upload(const void* src, int64_t bytes);

inline constexpr int64_t kUploadBytes = int64_t{64} << 20;

/// Where the copies run.
StreamHandle upload_stream();

}  // namespace genesis::cuda
