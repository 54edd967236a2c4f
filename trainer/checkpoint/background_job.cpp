#include "trainer/checkpoint/background_job.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace genesis::trainer {
namespace {

constexpr int kNiceness = 10;  // training comes first

/// Signals are for the training thread. SIGXFSZ too: a file that grows beyond the limit is then an error of
/// write.
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeldBack() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

void BackgroundJob::run(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const Error& e) {
    error_ = e;
  } catch (const std::exception& e) {
    error_ = Error(e.what());
  }
  running_ = false;
}

void BackgroundJob::start(std::function<void()> fn, bool here) {
  wait();
  error_.reset();
  running_ = true;
  const SignalsHeldBack held;  // a thread inherits the mask of the one that starts it
  if (here) return run(fn);
  thread_ = std::thread([this, fn = std::move(fn)] {
    setpriority(PRIO_PROCESS, id_t(gettid()), kNiceness);
    run(fn);
  });
}

void BackgroundJob::wait() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace genesis::trainer
