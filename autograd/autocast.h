#pragma once
#include "kernels/core/array.h"

namespace genesis {

/// The master switch of the seed's `genesis.enable_autocast`: while false, autocast scopes do nothing.
inline bool enable_autocast = true;

/// Mixed precision: while it lives, operations of this thread follow their autocast policy with this dtype.
///   Matrix products run in `dtype`; parameters keep their f32 master values and get f32 gradients.
class autocast {
 public:
  explicit autocast(DType dtype = DType::bf16, bool enabled = true);
  ~autocast();
  autocast(const autocast&) = delete;
  autocast& operator=(const autocast&) = delete;

 private:
  bool previous_on_;
  DType previous_dtype_;
};

namespace autograd {

/// What autocast does to the floating inputs of an operation; a constant beside each operation's formula.
enum class Autocast {
  keep,    ///< nothing: the operation takes what comes
  lower,   ///< f32 inputs become the autocast dtype (matrix products, attention)
  f32,     ///< narrower inputs become f32 (losses)
  widest,  ///< all inputs take the widest dtype among them (elementwise sums)
};

struct AutocastState {
  bool on = false;
  DType dtype = DType::bf16;
};
AutocastState autocast_state();

/// `a` in `dtype`. The copy of a leaf's value is kept beside it until the next in-place write, so a weight is
/// converted once per optimizer step.
Array cast_input(const Array& a, DType dtype, bool is_leaf);

}  // namespace autograd
}  // namespace genesis
