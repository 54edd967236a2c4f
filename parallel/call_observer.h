#pragma once
#include <cstdint>
#include <string_view>

#include "parallel/call.h"

namespace genesis::parallel {

/// Sees every call of every communicator of this process begin and end, on the thread that carries it out.
/// Several threads may call at once. It must not block, throw, or make calls itself.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  /// Returns a ticket for end().
  virtual uint64_t begin(const Call& call, std::string_view group) noexcept = 0;
  virtual void end(uint64_t ticket) noexcept = 0;
  /// On the thread that makes the call: it is handed in, and later this thread cannot go on without it (at
  /// once for a blocking call; every time for one that is waited for again).
  virtual void queued(const Call&, std::string_view /*group*/) noexcept {}
  virtual void awaited(const Call&, std::string_view /*group*/) noexcept {}
};

/// Installs the observer of this process; nullptr removes it. The observer outlives its last call. Not while
/// a call runs.
void set_call_observer(CallObserver* observer) noexcept;
CallObserver* call_observer() noexcept;

/// Tells the observer, if there is one, of a call that lasts as long as this object.
class ObservedCall {
 public:
  ObservedCall(const Call& call, std::string_view group) noexcept : observer_(call_observer()) {
    if (observer_) ticket_ = observer_->begin(call, group);
  }
  ~ObservedCall() {
    if (observer_) observer_->end(ticket_);
  }
  ObservedCall(const ObservedCall&) = delete;
  ObservedCall& operator=(const ObservedCall&) = delete;

 private:
  CallObserver* observer_;
  uint64_t ticket_ = 0;
};

}  // namespace genesis::parallel
