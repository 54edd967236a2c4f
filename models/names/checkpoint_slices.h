#pragma once
#include "models/names/checkpoint_layout.h"

namespace genesis::models {

/// A box of a tensor of a checkpoint, and where a rank of a tensor-parallel group keeps it.
///   element start + i of the tensor  is  element local + i of the parameter (its value, gradient or moment),
///   0 <= i < extent
struct CheckpointSlice {
  std::string name;  ///< of the tensor, in the checkpoint
  Shape shape;       ///< of the whole tensor
  Shape start, extent;
  std::string parameter;  ///< see parameter_layout
  Shape local;            ///< start in this rank's array
  /// Exactly one rank of the tp group owns an element and writes it; every rank reads all of its slices.
  bool owned = true;
};

/// What of every tensor of a checkpoint one rank holds, in the order of checkpoint_layout. A tensor that
/// lies in several pieces of a parameter has a slice for each; one of which this rank holds nothing has none.
///   tp = 1: one slice per tensor, the whole of it. The owned slices of all ranks of a tp group tile every
///   tensor exactly. Nothing is padded: the vocabulary is shared out as evenly as whole rows allow.
std::vector<CheckpointSlice> checkpoint_slices(const QwenConfig& config, Naming naming,
                                               const parallel::TensorSplit& split = {});

/// The view of a parameter's local array (value, gradient, moment) that holds a slice; rows may be apart.
Array local_view(const Array& parameter, const CheckpointSlice& slice);

}  // namespace genesis::models
