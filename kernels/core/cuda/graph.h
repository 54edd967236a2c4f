#pragma once
#include <functional>
#include <memory>

#include "kernels/core/allocator.h"

struct CUgraphExec_st;

namespace genesis::cuda {

/// A piece of device work that is recorded once and then started by one call: for steps of many small
/// kernels, where giving them to the card one by one takes longer than running them.
///   Addresses and launch sizes are those of the recording; what changes from run to run is written into the
///   same memory before launch(). Blocks that the recorded work allocated and gave back stay reserved while
///   the graph lives; with `memory` they come from there, for whatever else is recorded into it.
/// Errors: genesis::Error when fn does what cannot be recorded: wait for the card, read it, or copy to it
/// from memory
///   that is not the card's. Run fn once before, so that what is made once (tables, tuning, copies of
///   weights) is there.
class Graph {
 public:
  explicit Graph(const std::function<void()>& fn, const std::shared_ptr<RecordedMemory>& memory = {});
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  /// Runs it in the order of the current stream; asynchronous.
  void launch() const;

 private:
  HeldBlocks held_;
  std::shared_ptr<RecordedMemory> memory_;
  CUgraphExec_st* handle_ = nullptr;
};

/// Whether this thread's work is being recorded instead of run.
bool is_recording();

}  // namespace genesis::cuda
