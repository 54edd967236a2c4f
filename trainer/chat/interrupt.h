#pragma once

namespace genesis::trainer {

/// While it lives, Ctrl-C (SIGINT) sets a flag instead of ending the program, and interrupts a waiting read.
/// One at a time; the handler that was there comes back at the end.
class InterruptFlag {
 public:
  InterruptFlag();
  ~InterruptFlag();
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;

  /// Whether Ctrl-C came since the last clear().
  bool is_set() const;
  void clear();
};

}  // namespace genesis::trainer
