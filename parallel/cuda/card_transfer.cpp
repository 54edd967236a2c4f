#include "parallel/card_transfer.h"

#include <map>
#include <mutex>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/cuda/stream.h"

namespace genesis::parallel {
namespace {

/// The stream that ranks talk on: before waiting kernels, so that a step does not hang on a sum that could be
/// under way.
cuda::Stream& talking_stream() {
  static auto* stream = new cuda::Stream(cuda::Stream::Priority::high);
  return *stream;
}

/// Pinned memory that grows to the largest call; one call at a time uses it.
class Pinned {
 public:
  ~Pinned() { cuda::free_pinned(data_); }
  void* of(int64_t bytes) {
    if (bytes > bytes_) {
      cuda::free_pinned(data_);
      data_ = cuda::allocate_pinned(bytes);
      bytes_ = bytes;
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  int64_t bytes_ = 0;
};

struct Staging {
  std::mutex mutex;
  Pinned in, out;
};
Staging& staging_of(const Transport& transport) {
  static std::mutex mutex;
  static auto* all = new std::map<const Transport*, Staging>;
  std::lock_guard lock(mutex);
  return (*all)[&transport];
}

}  // namespace

struct CardCall::State {
  cuda::Event before, after;
  bool ran = false;
};

CardCall::CardCall() : state_(std::make_unique<State>()) { state_->before.record(cuda::current_stream()); }
CardCall::~CardCall() = default;

void CardCall::run(Transport& transport, const Call& call, const Array& in, const Array& out,
                   bool reads_input) {
  const cuda::StreamScope scope(talking_stream().handle());
  const cuda::StreamHandle stream = cuda::current_stream();
  state_->before.make_wait(stream);
  const void* from = reads_input && in.numel() > 0 ? in.raw() : nullptr;
  void* to = out.defined() && out.numel() > 0 ? out.raw() : nullptr;
  if (transport.moves_card_memory()) {
    transport.run_on_card(call, from, to);
  } else {
    Staging& pinned = staging_of(transport);
    std::lock_guard lock(pinned.mutex);
    const int64_t in_bytes = from ? in.nbytes() : 0, out_bytes = to ? out.nbytes() : 0;
    void *host_in = pinned.in.of(in_bytes), *host_out = pinned.out.of(out_bytes);
    // What a call changes in place is read first; what it only fills is not.
    const bool in_place =
        call.collective == Collective::all_reduce || call.collective == Collective::broadcast;
    if (from) GENESIS_CUDA(cudaMemcpyAsync(host_in, from, size_t(in_bytes), cudaMemcpyDeviceToHost, stream));
    if (to && in_place)
      GENESIS_CUDA(cudaMemcpyAsync(host_out, to, size_t(out_bytes), cudaMemcpyDeviceToHost, stream));
    talking_stream().synchronize();
    transport.run(call, from ? host_in : nullptr, to ? host_out : nullptr);
    if (to) GENESIS_CUDA(cudaMemcpyAsync(to, host_out, size_t(out_bytes), cudaMemcpyHostToDevice, stream));
    talking_stream().synchronize();  // the pinned bytes are free for the next call
  }
  state_->after.record(stream);
  state_->ran = true;
}

void CardCall::join() const {
  if (state_->ran) state_->after.make_wait(cuda::current_stream());
}

}  // namespace genesis::parallel
