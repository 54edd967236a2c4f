#include "parallel/call_observer.h"

#include <atomic>

namespace genesis::parallel {
namespace {
std::atomic<CallObserver*> installed{nullptr};
}  // namespace

void set_call_observer(CallObserver* observer) noexcept {
  installed.store(observer, std::memory_order_release);
}
CallObserver* call_observer() noexcept { return installed.load(std::memory_order_acquire); }

}  // namespace genesis::parallel
