#pragma once
#include "parallel/call_observer.h"
#include "trainer/control/pulse.h"

namespace genesis::trainer {

/// Writes every call of this process into its pulse: a few relaxed stores at its begin and end.
class CallLog final : public parallel::CallObserver {
 public:
  /// `pulse` outlives this object.
  explicit CallLog(Pulse& pulse) : pulse_(pulse) {}
  uint64_t begin(const parallel::Call& call, std::string_view group) noexcept override;
  void end(uint64_t ticket) noexcept override;

 private:
  Pulse& pulse_;
};

}  // namespace genesis::trainer
