#pragma once
#include <vector>

#include "autograd/optim/adamw.h"
#include "parallel/communicator.h"

namespace genesis::trainer {

/// Both moments of every parameter in its shape, whatever piece of them a rank keeps.
struct WholeMoments {
  std::vector<Array> first, second;  ///< [parameters]
};

/// The optimizer's own arrays where it keeps everything; otherwise copies put together from all ranks'
/// pieces, on rank 0 (elsewhere undefined). Collective.
WholeMoments gather_moments(const optim::AdamW& optimizer, parallel::Communicator& ranks);

/// Copies this rank's pieces out of whole moments.
void scatter_moments(const WholeMoments& whole, const optim::AdamW& optimizer);

/// Arrays of the moments' dtype and the parameters' shapes, to be filled; the optimizer's own where it keeps
/// everything.
WholeMoments moments_to_fill(const optim::AdamW& optimizer);

}  // namespace genesis::trainer
