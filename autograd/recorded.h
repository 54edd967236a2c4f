#pragma once
#include <memory>
#include <vector>

#include "autograd/checkpoint.h"
#include "kernels/core/allocator.h"

namespace genesis {

/// A function whose work on a card is recorded once and then started by one call each way: for blocks of many
/// small kernels, where giving them to the card takes longer than running them.
///   fn is a pure function of its inputs, of leaves (`parameters`) and of memory that keeps its place; it
///   draws no random numbers. Its inputs have one shape for the life of this object. Values, gradients and
///   the order in which leaves become ready are those of fn itself, bit for bit. Outputs and gradients of
///   inputs are written to the same memory by every call: a call may come when the backward of the one before
///   has run, or its outputs are gone.
/// Memory: recordings take what they use, what backward needs included, from `memory` and keep it. Functions
/// that always run in one order, their backwards in the opposite one, may share it. Source: after
/// torch.cuda.make_graphed_callables.
class Recorded {
 public:
  Recorded(TensorFunction fn, std::vector<Tensor> parameters, std::shared_ptr<RecordedMemory> memory);

  enum class Way {
    eager,   ///< kernel by kernel: makes what is made once, and the gradients' memory
    replay,  ///< recorded where it is not yet; kernel by kernel where it cannot be
  };
  /// fn(inputs). `held` lives until backward ran or the outputs are gone.
  std::vector<Tensor> operator()(const std::vector<Tensor>& inputs, Way way,
                                 std::shared_ptr<const void> held);

  int64_t forward_replays() const;  ///< started as a recording
  int64_t backward_replays() const;
  /// Why the last call or its backward ran kernel by kernel although a replay was asked for; empty when it
  /// did not.
  const std::string& refusal() const;
  /// Whether leaves have moved, or autocast has changed, since it was recorded: it runs kernel by kernel from
  /// then on. It cannot be recorded again alone, for what was recorded after it may use its memory.
  bool is_stale() const;

  struct State;

 private:
  std::shared_ptr<State> state_;  // shared with the nodes
};

}  // namespace genesis
