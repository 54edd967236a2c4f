#include "trainer/control/stop_signal.h"

#include <signal.h>

#include <atomic>
#include <initializer_list>

namespace genesis::trainer {
namespace {

volatile sig_atomic_t caught = 0;
std::atomic<int> lives = 0;  // of StopSignals

void note(int signal) { caught = signal; }

void handle_with(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // reads and writes of a checkpoint go on
  sigemptyset(&action.sa_mask);
  for (int signal : {SIGUSR1, SIGTERM}) sigaction(signal, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() {
  if (lives++ == 0) handle_with(note);
}

StopSignals::~StopSignals() {
  if (--lives > 0) return;
  handle_with(SIG_DFL);
  caught = 0;
}

int stop_signal() noexcept { return caught; }

}  // namespace genesis::trainer
