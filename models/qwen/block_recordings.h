#pragma once
#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "autograd/recorded.h"
#include "models/qwen/block.h"

namespace genesis::models {

/// The blocks of a model on a card, recorded once for a number of tokens and then started by one call a block
/// and direction (autograd/recorded.h). What a batch brings (positions, bounds of its documents) is written
/// where the recordings read it, so documents may differ from batch to batch.
///   A number of tokens is recorded when it comes for the third time; the second time its blocks run kernel
///   by kernel from that memory. Two numbers are kept; another one takes the place of one that did not come
///   for kIdlePasses passes. A pass goes without recordings when the one before is not through its backward,
///   when it has more documents than capacity(tokens), and when something wants to see each kernel (anomaly
///   mode, profiling, launches that wait, a tracer). What cannot be recorded runs kernel by kernel, and one
///   line says why.
/// Memory: recordings keep what they use: what backward needs of every block, the temporaries of one block,
/// and of each block its outputs and the gradients of its inputs (4 numbers a token and width). It counts as
/// activations. Where the card runs out of memory, they are given back before that is an error.
class BlockRecordings {
 public:
  using Blocks = std::vector<std::unique_ptr<QwenBlock>>;
  explicit BlockRecordings(const Blocks& blocks);
  ~BlockRecordings();
  BlockRecordings(const BlockRecordings&) = delete;
  BlockRecordings& operator=(const BlockRecordings&) = delete;

  static constexpr size_t kKept = 2;
  static constexpr int64_t kIdlePasses = 32;
  static constexpr int64_t kRestarts = 8;
  /// Documents that a recording of so many tokens has room for.
  static int64_t capacity(int64_t tokens) { return std::max<int64_t>(8, tokens / 32); }

  struct Shape;
  /// One pass through the blocks.
  class Pass {
   public:
    /// The output of block number `layer`.
    Residual block(size_t layer, const Residual& in) const;

   private:
    friend class BlockRecordings;
    std::shared_ptr<Shape> shape_;
    std::shared_ptr<const void> held_;  // goes when all backwards have run
    Recorded::Way way_ = Recorded::Way::eager;
  };
  /// The pass that `forward` asks for; null when it goes without recordings.
  std::unique_ptr<const Pass> begin(const ForwardPass& forward);

  int64_t forward_replays() const;  ///< blocks that were started as a recording
  int64_t backward_replays() const;
  int64_t reserved_bytes() const;  ///< held by recordings

 private:
  bool may_record();
  bool forget();
  void refuse(const std::string& why);
  Shape* shape_for(int64_t tokens, const ForwardPass& forward);

  const Blocks& blocks_;
  std::map<int64_t, int64_t> seen_;  // tokens -> passes
  std::list<std::shared_ptr<Shape>> shapes_;
  std::weak_ptr<const void> under_way_;
  const Shape* current_ = nullptr;  // of the last pass
  int64_t passes_ = 0, restarts_ = 0;
  bool refused_ = false;
  MemoryReserve reserve_;  // last: what it gives back must be there
};

}  // namespace genesis::models
