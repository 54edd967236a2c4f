#pragma once
#include <memory>

#include "parallel/transport.h"

namespace genesis::parallel {

/// `host` with NCCL for arrays on cards; calls on CPU memory, agreement and splitting stay with `host`.
///   NCCL is loaded and its communicator made at the first call on a card (collective, as the call is): rank
///   0's unique id travels through `host`. It is not used, and card memory goes through pinned copies and
///   `host`, when a rank has no NCCL, when two ranks share one card (unless GENESIS_NCCL_SHARED_CARD=1 and
///   NCCL_HOSTID differ, for tests), or with GENESIS_NCCL=0: all ranks decide the same. In a build without
///   CUDA: `host` itself.
/// Errors: genesis::Error naming the NCCL call; HangError when the ranks do not meet within
/// GENESIS_NCCL_TIMEOUT
///   seconds (600), at the start or in a call; PeerFailure when NCCL says that another rank is gone. A
///   communicator with an error is aborted, so that no rank waits for ever, and every later call of the
///   process, on the host's memory too, throws that error: nothing is decided from a sum that never arrived.
/// Memory: shared_buffer() on a card is memory that NCCL has registered with all ranks, where the library can
///   (2.27 or newer) and GENESIS_NCCL_REGISTER is not 0.
/// Determinism: as NCCL's: equal bits on all ranks, and in every run of the same ranks and cards.
std::unique_ptr<Transport> with_nccl(std::unique_ptr<Transport> host);

}  // namespace genesis::parallel
