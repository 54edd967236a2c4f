#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "parallel/transport.h"

namespace genesis::testing {

/// Hands every call to another transport: the base of those that delay, hold or watch calls.
class ForwardingTransport : public parallel::Transport {
 public:
  explicit ForwardingTransport(std::unique_ptr<parallel::Transport> inner) : inner_(std::move(inner)) {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  std::string_view name() const override { return inner_->name(); }
  bool checks_agreement() const override { return inner_->checks_agreement(); }
  std::vector<parallel::Call> gather_calls(const parallel::Call& own) override {
    return inner_->gather_calls(own);
  }
  bool abandon() override { return inner_->abandon(); }

  void run(const parallel::Call& call, const void* in, void* out) override {
    before(call);
    inner_->run(call, in, out);
  }

 protected:
  /// On the thread that carries the call out, before it is handed on.
  virtual void before(const parallel::Call& call) = 0;

 private:
  std::unique_ptr<parallel::Transport> inner_;
};

/// Bytes a call moves, counted alike for every operation: of the whole array.
inline double moved_bytes(const parallel::Call& call, int ranks) {
  using parallel::Collective;
  const bool parts =
      call.collective == Collective::reduce_scatter || call.collective == Collective::all_gather;
  return double(call.bytes()) * (parts ? ranks : 1);
}

}  // namespace genesis::testing
