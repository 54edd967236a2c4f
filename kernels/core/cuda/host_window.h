#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "kernels/core/array.h"

namespace genesis::cuda {

/// Zeros in host memory that a card copies from and to by itself; counted under the thread's memory category
/// of the CPU.
Array pinned_zeros(Shape shape, DType dtype);

/// Lets a card work on arrays that live in the host's memory, a few at a time: while one group of them is
/// worked on, the next is copied in and the one before is copied out, each on a stream of its own.
///   Work is given to the current stream and reads and writes the copies; results are in the host's arrays
///   after wait().
/// Memory: two slots of `slot_bytes` on the card (MemoryCategory::workspace).
class HostWindow {
 public:
  explicit HostWindow(int64_t slot_bytes);
  ~HostWindow();
  HostWindow(const HostWindow&) = delete;
  HostWindow& operator=(const HostWindow&) = delete;

  using Group = std::vector<Array>;  ///< contiguous arrays of pinned_zeros(); together at most slot_bytes
  using Work = std::function<void(size_t group, const Group& on_card)>;
  /// Groups pass in order. Returns when all of it was given away. Errors: genesis::Error for a group larger
  /// than a slot.
  void pass(const std::vector<Group>& groups, const Work& work);
  /// Until the host's arrays hold what all passes wrote.
  void wait() const;
  int64_t slot_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genesis::cuda
