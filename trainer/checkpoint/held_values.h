#pragma once
#include "autograd/optim/adamw.h"

namespace genesis::trainer {

/// Values in this rank's memory as a checkpoint stores them, wherever and in whatever form they lie: an
/// array, a split master, or the second moment beside one (kernels/split_master.h). A view: writing to it
/// changes the run.
class HeldValues {
 public:
  HeldValues() = default;
  HeldValues(Array plain) : plain_(std::move(plain)) {}
  /// Of a piece of the optimizer [piece.count()].
  static HeldValues weight(const optim::AdamWPiece& piece);
  static HeldValues first_moment(const optim::AdamWPiece& piece);
  static HeldValues second_moment(const optim::AdamWPiece& piece);

  const Shape& shape() const { return first().shape(); }
  DType dtype() const { return plain_.defined() ? plain_.dtype() : DType::f32; }
  HeldValues slice(int64_t dim, int64_t begin, int64_t end) const;
  HeldValues view(const Shape& shape) const;

  /// The array itself; undefined where the values have to be read.
  const Array& plain() const { return plain_; }
  /// The values where the CPU can read them: a copy, or plain() when it lies there.
  Array read() const;
  /// `values`: on the CPU, contiguous, of this shape and dtype.
  void write(const Array& values) const;

 private:
  const Array& first() const { return plain_.defined() ? plain_ : split_.second_moment; }

  Array plain_;
  kernels::SplitArrays split_;  // remainder [shape, 2]; of the moment beside a master: second_moment alone
};

}  // namespace genesis::trainer
