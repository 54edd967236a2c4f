#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "kernels/core/error.h"

namespace genesis::trainer {

/// A function that runs on a thread of its own, of low priority and deaf to signals, and what became of it.
class BackgroundJob {
 public:
  BackgroundJob() = default;
  ~BackgroundJob() { wait(); }
  BackgroundJob(const BackgroundJob&) = delete;
  BackgroundJob& operator=(const BackgroundJob&) = delete;

  /// Starts fn; with `here` it has run when start() returns. The job before must have been waited for.
  void start(std::function<void()> fn, bool here = false);
  bool running() const { return running_; }
  void wait();
  /// Why fn failed; nothing when it returned. After wait() or once running() is false.
  const std::optional<Error>& error() const { return error_; }

 private:
  void run(const std::function<void()>& fn);

  std::thread thread_;
  std::atomic<bool> running_{false};
  std::optional<Error> error_;
};

}  // namespace genesis::trainer
