#pragma once
#include <string_view>

#include "kernels/core/array.h"

namespace genesis {

/// While it lives, every operation's outputs and gradients (of this thread) are searched for NaN and Inf.
///   The first operation that makes one throws NumericsError with its name; slow, for finding a fault.
class detect_anomaly {
 public:
  explicit detect_anomaly(bool on = true);
  ~detect_anomaly();
  detect_anomaly(const detect_anomaly&) = delete;
  detect_anomaly& operator=(const detect_anomaly&) = delete;

 private:
  bool previous_;
};

namespace autograd {
bool anomaly_enabled();
/// Errors: NumericsError "<operation>: <what> <index> …" with the first offending element.
void check_finite(const Array& a, const char* operation, std::string_view what, size_t index);
}  // namespace autograd

}  // namespace genesis
