#include "kernels/core/cuda/stream.h"

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/runtime.h"

namespace genesis::cuda {
namespace {

thread_local StreamHandle thread_stream = nullptr;

}  // namespace

Stream::Stream(Priority priority) {
  require();
  int least = 0, greatest = 0;
  GENESIS_CUDA(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  GENESIS_CUDA(cudaStreamCreateWithPriority(&handle_, cudaStreamNonBlocking,
                                            priority == Priority::high ? greatest : least));
}

Stream::~Stream() {
  if (handle_) (void)cudaStreamDestroy(handle_);
}

void Stream::synchronize() const { GENESIS_CUDA(cudaStreamSynchronize(handle_)); }

Event::Event(bool with_time) {
  require();
  GENESIS_CUDA(cudaEventCreateWithFlags(&handle_, with_time ? cudaEventDefault : cudaEventDisableTiming));
}

Event::~Event() {
  if (handle_) (void)cudaEventDestroy(handle_);
}

void Event::record(StreamHandle stream) const { GENESIS_CUDA(cudaEventRecord(handle_, stream)); }
void Event::make_wait(StreamHandle stream) const { GENESIS_CUDA(cudaStreamWaitEvent(stream, handle_, 0)); }
void Event::synchronize() const { GENESIS_CUDA(cudaEventSynchronize(handle_)); }

bool Event::reached() const {
  const cudaError_t status = cudaEventQuery(handle_);
  if (status == cudaErrorNotReady) return false;
  GENESIS_CUDA(status);
  return true;
}

double Event::elapsed_ms(const Event& begin, const Event& end) {
  float ms = 0;
  GENESIS_CUDA(cudaEventElapsedTime(&ms, begin.handle_, end.handle_));
  return ms;
}

StreamHandle current_stream() {
  if (thread_stream) return thread_stream;
  static Stream* compute = new Stream;  // never destroyed: arrays of static lifetime outlive any order
  require();
  return thread_stream = compute->handle();
}

StreamScope::StreamScope(StreamHandle stream) : previous_(current_stream()) { thread_stream = stream; }
StreamScope::~StreamScope() { thread_stream = previous_; }

}  // namespace genesis::cuda
