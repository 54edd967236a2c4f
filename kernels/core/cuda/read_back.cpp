#include "kernels/core/cuda/read_back.h"

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/host_window.h"
#include "kernels/core/cuda/stream.h"

namespace genesis::cuda {

struct ReadBack::State {
  Array host;  // pinned
  Event there;
};

ReadBack::ReadBack(Shape shape, DType dtype) : state_(std::make_unique<State>()) {
  const MemoryScope scope(MemoryCategory::workspace);
  state_->host = pinned_zeros(std::move(shape), dtype);
}

ReadBack::~ReadBack() {
  if (state_->host.numel() > 0) (void)cudaStreamSynchronize(current_stream());  // it may still be written
}

void ReadBack::start(const Array& card) {
  const Array& host = state_->host;
  GENESIS_CHECK(card.device() == Device::cuda && card.is_contiguous() && card.shape() == host.shape() &&
                    card.dtype() == host.dtype(),
                "a read back of ", to_string(host.shape()), " ", name_of(host.dtype()), " of ",
                to_string(card.shape()), " ", name_of(card.dtype()));
  GENESIS_CUDA(cudaMemcpyAsync(host.raw(), card.raw(), size_t(host.nbytes()), cudaMemcpyDeviceToHost,
                               current_stream()));
  state_->there.record(current_stream());
}

const Array& ReadBack::wait() const {
  state_->there.synchronize();
  return state_->host;
}

}  // namespace genesis::cuda
