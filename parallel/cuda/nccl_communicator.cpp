#include "parallel/cuda/nccl_communicator.h"

#include <chrono>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/log.h"
#include "parallel/cuda/nccl_library.h"
#include "parallel/peer_failure.h"

namespace genesis::parallel {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(100);
constexpr double kGoodbyeSeconds = 10;  // for ranks that end at slightly different times

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The first failure of any communicator of this process.
struct Failure {
  std::mutex mutex;
  std::exception_ptr error;
};
Failure& failure() {
  static auto* the = new Failure;
  return *the;
}

/// What NCCL says of a communicator on which a call is under way.
ncclResult_t state_of(ncclComm_t comm) {
  ncclResult_t state = ncclSuccess;
  GENESIS_NCCL(comm, ncclCommGetAsyncError, comm, &state);
  return state;
}

std::exception_ptr error_of(const char* what, ncclResult_t state) {
  const std::string text = fmt::format("NCCL, {}: {}", what, nccl_library()->ncclGetErrorString(state));
  if (state == ncclRemoteError) return std::make_exception_ptr(PeerFailure(text));
  return std::make_exception_ptr(Error(text));
}

std::exception_ptr hang_of(const char* what, double limit) {
  return std::make_exception_ptr(
      HangError("NCCL, {}: the ranks did not meet within {:.0f} s (GENESIS_NCCL_TIMEOUT)", what, limit));
}

}  // namespace

void NcclCommunicator::throw_if_failed() {
  std::lock_guard lock(failure().mutex);
  if (failure().error) std::rethrow_exception(failure().error);
}

/// With mutex_ held.
void NcclCommunicator::fail(std::exception_ptr error) noexcept {
  {
    std::lock_guard lock(failure().mutex);
    if (!failure().error) failure().error = std::move(error);
  }
  if (comm_) (void)nccl_library()->ncclCommAbort(comm_);
  comm_ = nullptr;
  pending_ = false;
}

std::shared_ptr<NcclCommunicator> NcclCommunicator::connect(const ncclUniqueId& id, int rank, int size,
                                                            double limit) {
  std::shared_ptr<NcclCommunicator> made(new NcclCommunicator(limit));
  made->start_up(id, rank, size);
  return made;
}

void NcclCommunicator::start_up(const ncclUniqueId& id, int rank, int size) {
  std::lock_guard lock(mutex_);
  try {
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    GENESIS_NCCL(nullptr, ncclCommInitRankConfig, &comm_, size, id, rank, &config);
    since_ = now();
    wait_until_accepted("ncclCommInitRankConfig");
  } catch (...) {
    fail(std::current_exception());
    throw;
  }
  watcher_ = std::thread([this] { watch(); });
}

NcclCommunicator::~NcclCommunicator() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (watcher_.joinable()) watcher_.join();
  if (!comm_) return;
  const NcclLibrary& nccl = *nccl_library();
  // Ranks leave together, or not at all: one that has gone must not hold the others.
  bool together = std::uncaught_exceptions() == 0;
  if (together) {
    ncclResult_t state = nccl.ncclCommFinalize(comm_);
    for (const double begin = now(); state == ncclInProgress && now() - begin < kGoodbyeSeconds;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (nccl.ncclCommGetAsyncError(comm_, &state) != ncclSuccess) state = ncclInternalError;
    }
    together = state == ncclSuccess;
  }
  (void)(together ? nccl.ncclCommDestroy(comm_) : nccl.ncclCommAbort(comm_));
}

/// A communicator that does not block takes a call and says later whether it could start it.
void NcclCommunicator::wait_until_accepted(const char* what) {
  for (int turn = 0;; ++turn) {
    const ncclResult_t state = state_of(comm_);
    if (state == ncclSuccess) return;
    if (state != ncclInProgress) std::rethrow_exception(error_of(what, state));
    if (now() - since_ > limit_) std::rethrow_exception(hang_of(what, limit_));
    if (turn > 1000) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

void NcclCommunicator::run(const char* what, cuda::StreamHandle stream,
                           const std::function<void(ncclComm_t)>& start) {
  throw_if_failed();
  std::lock_guard lock(mutex_);
  throw_if_failed();  // while this thread waited for the lock
  GENESIS_CHECK(comm_, "NCCL, ", what, ": the communicator has ended");
  try {
    since_ = now();
    what_ = what;
    start(comm_);
    wait_until_accepted(what);
    last_.record(stream);
    pending_ = true;
    changed_.notify_all();
  } catch (...) {
    fail(std::current_exception());
    throw;
  }
}

void NcclCommunicator::watch() {
  const cudaError_t chosen = cudaSetDevice(cuda::probe().device);
  std::unique_lock lock(mutex_);
  if (chosen != cudaSuccess) warn("NCCL is not watched: {}", cudaGetErrorString(chosen));
  while (chosen == cudaSuccess && !stopping_) {
    if (!pending_) {
      changed_.wait(lock, [&] { return pending_ || stopping_; });
      continue;
    }
    changed_.wait_for(lock, kLookEvery, [&] { return stopping_; });
    if (pending_ && !stopping_) look_at_pending();
  }
}

/// With mutex_ held.
void NcclCommunicator::look_at_pending() {
  try {
    if (last_.reached()) {
      pending_ = false;
      return;
    }
    const ncclResult_t state = state_of(comm_);
    if (state != ncclSuccess && state != ncclInProgress) return fail(error_of(what_, state));
    if (now() - since_ > limit_) fail(hang_of(what_, limit_));
  } catch (...) {
    fail(std::current_exception());
  }
}

std::shared_ptr<void> NcclCommunicator::registered_memory(int64_t bytes,
                                                          const std::function<bool(bool)>& everyone) {
  const NcclLibrary& nccl = *nccl_library();
  throw_if_failed();
  std::lock_guard lock(mutex_);
  void* data = nullptr;
  const bool can = comm_ && bytes > 0 && nccl.registers_buffers();
  if (can && nccl.ncclMemAlloc(&data, size_t(bytes)) != ncclSuccess) data = nullptr;
  ncclWindow_t window = nullptr;
  // Only ranks that all have memory can register it.
  bool registered = everyone(data != nullptr);
  if (registered) {
    since_ = now();
    const ncclResult_t status =
        nccl.ncclCommWindowRegister(comm_, data, size_t(bytes), &window, NCCL_WIN_COLL_SYMMETRIC);
    registered = status == ncclSuccess || status == ncclInProgress;
    try {
      if (registered) wait_until_accepted("ncclCommWindowRegister");
    } catch (...) {
      fail(std::current_exception());
      throw;
    }
    registered = everyone(registered);
  }
  const auto release = [window, &nccl, weak = weak_from_this()](void* memory) {
    (void)cudaDeviceSynchronize();  // unlike cudaFree, neither of these waits for who still uses the memory
    const auto communicator = weak.lock();
    if (communicator && window) {
      std::lock_guard still(communicator->mutex_);
      if (communicator->comm_) (void)nccl.ncclCommWindowDeregister(communicator->comm_, window);
    }
    (void)nccl.ncclMemFree(memory);
  };
  if (!registered) {
    if (data) (void)nccl.ncclMemFree(data);
    return nullptr;
  }
  cuda::zero_on_card(data, bytes);
  return {data, release};
}

}  // namespace genesis::parallel
