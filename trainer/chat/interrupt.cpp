#include "trainer/chat/interrupt.h"

#include <csignal>

namespace genesis::trainer {
namespace {

volatile std::sig_atomic_t interrupted = 0;
struct sigaction previous;

void note(int) { interrupted = 1; }

}  // namespace

InterruptFlag::InterruptFlag() {
  interrupted = 0;
  struct sigaction action {};
  action.sa_handler = note;  // without SA_RESTART: a waiting read returns
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous);
}

InterruptFlag::~InterruptFlag() { sigaction(SIGINT, &previous, nullptr); }

bool InterruptFlag::is_set() const { return interrupted != 0; }
void InterruptFlag::clear() { interrupted = 0; }

}  // namespace genesis::trainer
