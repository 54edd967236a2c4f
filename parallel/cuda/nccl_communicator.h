#pragma once
#include <nccl.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "kernels/core/array.h"
#include "kernels/core/cuda/stream.h"

namespace genesis::parallel {

/// A communicator of NCCL that no rank waits for for ever.
///   Made without blocking. A thread looks at it while calls run on the card: when NCCL reports an error (a
///   rank that died, a link that broke), or a call has not ended within the limit, the communicator is
///   aborted, which ends its kernels, and the error is kept: every later call of this process throws it,
///   whatever group it is for.
/// Ownership: one per group and process, used by one thread at a time.
class NcclCommunicator : public std::enable_shared_from_this<NcclCommunicator> {
 public:
  /// Collective. `limit`: seconds that ranks wait for each other, now and in a call.
  /// Errors: genesis::Error naming the NCCL call; HangError when the ranks do not meet.
  static std::shared_ptr<NcclCommunicator> connect(const ncclUniqueId& id, int rank, int size, double limit);
  ~NcclCommunicator();
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  /// Lets `start` give a call to `stream`, and returns when NCCL has taken it.
  /// Errors: those of the call; the communicator is aborted then.
  void run(const char* what, cuda::StreamHandle stream, const std::function<void(ncclComm_t)>& start);

  /// Zeroed memory of the card that NCCL has registered with all ranks (symmetric where it can be), or null
  /// where it cannot. Collective; `everyone` tells all ranks' answers to a question of the host.
  std::shared_ptr<void> registered_memory(int64_t bytes, const std::function<bool(bool)>& everyone);

  /// Throws the error that ended a communicator of this process, if one did.
  static void throw_if_failed();

 private:
  NcclCommunicator(double limit) : limit_(limit) {}
  void start_up(const ncclUniqueId& id, int rank, int size);
  void wait_until_accepted(const char* what);
  void watch();
  void look_at_pending();
  void fail(std::exception_ptr error) noexcept;

  double limit_;
  ncclComm_t comm_ = nullptr;
  std::mutex mutex_;  // of all that follows, and of comm_
  std::condition_variable changed_;
  cuda::Event last_;       // behind the last call
  const char* what_ = "";  // that call
  double since_ = 0;       // when it was given
  bool pending_ = false, stopping_ = false;
  std::thread watcher_;
};

}  // namespace genesis::parallel
