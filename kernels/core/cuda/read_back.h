#pragma once
#include <memory>

#include "kernels/core/array.h"

namespace genesis::cuda {

/// Numbers on their way from the card to the host: given away with the stream's work, and read later without
/// waiting for what the stream was given after them.
///   read.start(on_card);  more work for the stream;  read.wait().data<double>()
/// Memory: pinned, made once.
class ReadBack {
 public:
  ReadBack(Shape shape, DType dtype);
  ~ReadBack();
  ReadBack(const ReadBack&) = delete;
  ReadBack& operator=(const ReadBack&) = delete;

  /// The values `card` has when the current stream gets here; contiguous, of this shape and dtype.
  void start(const Array& card);
  /// What the last start() asked for, on the CPU and valid until the next one: waits for its place in the
  /// stream alone.
  const Array& wait() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genesis::cuda
