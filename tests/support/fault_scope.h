#pragma once
#include <cstdlib>

namespace genesis::testing {

/// Training runs of this process meet a fault (trainer/control/fault_injection.h) while it lives.
class FaultScope {
 public:
  explicit FaultScope(const char* fault) { ::setenv("GENESIS_FAULT", fault, 1); }
  ~FaultScope() { ::unsetenv("GENESIS_FAULT"); }
  FaultScope(const FaultScope&) = delete;
  FaultScope& operator=(const FaultScope&) = delete;
};

}  // namespace genesis::testing
