#pragma once
#include <functional>
#include <memory>

#include "parallel/communicator.h"

namespace genesis::parallel {

/// Ranks as threads of one process: the whole of `parallel` on one machine without a launcher.
class LocalGroup {
 public:
  /// Calls fn once per rank, each in its own thread with its own communicator, and returns when all have
  /// ended.
  ///   Each rank computes with its share of the caller's threads (at least one).
  /// Errors: when a rank throws, the others' collectives end with PeerFailure, and the first error is thrown
  /// here as
  ///   genesis::Error "rank R: message" with its exit code.
  static void run(int ranks, const std::function<void(Communicator&)>& fn);

  /// As run(), with a transport made from each rank's own (to delay or watch calls).
  using Wrap = std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport>)>;
  static void run(int ranks, const std::function<void(Communicator&)>& fn, const Wrap& wrap);
};

/// The communicator of a process that is alone: size 1, every call returns at once.
std::unique_ptr<Communicator> solo_communicator(std::string group = "world");

}  // namespace genesis::parallel
