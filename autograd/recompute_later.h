#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// Gives the memory of `y` back to the allocator; a backward pass that reads y first makes it again, by the
/// kernel that made it and from what its operation saved, once for all that saved it. Returns whether it did.
///   With retain_graph it is given back again when that pass has ended.
///   Called when the forward pass has used y for the last time. What it is made from may have been given back
///   as well. The bits are the same; in-place writes to what it is made from are found as for any saved
///   array. y is kept, and false returned, where
///   - no operation saved it (nothing is recorded; a copy in another type was saved): it goes with its
///   handle;
///   - it is a leaf, a view, or its operation cannot make it again (Context::can_remake): among ranks, what
///     would need a message.
/// Errors: genesis::Error when y was changed in place. From then on reading it, but in backward, is one: a
/// view that somebody still holds is told so (Array::raw). Source: the idea of Megatron-core's
/// CheckpointWithoutOutput.
bool recompute_later(const Tensor& y);

}  // namespace genesis::autograd
