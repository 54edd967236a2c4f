#include "kernels/core/cuda/graph.h"

#include <optional>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/stream.h"

namespace genesis::cuda {
namespace {

/// What a stream was given since the scope began; the stream runs again when the scope ends, however it ends.
class Recording {
 public:
  explicit Recording(cudaStream_t stream) : stream_(stream) {
    GENESIS_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed));
  }
  ~Recording() {
    if (!open_) return;
    cudaGraph_t unused = nullptr;
    (void)cudaStreamEndCapture(stream_, &unused);
    if (unused) (void)cudaGraphDestroy(unused);
    (void)cudaGetLastError();
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  cudaGraphExec_t end() {
    open_ = false;
    cudaGraph_t graph = nullptr;
    GENESIS_CUDA(cudaStreamEndCapture(stream_, &graph));
    cudaGraphExec_t exec = nullptr;
    const cudaError_t status = cudaGraphInstantiate(&exec, graph, 0);
    (void)cudaGraphDestroy(graph);
    GENESIS_CUDA(status);
    return exec;
  }

 private:
  cudaStream_t stream_;
  bool open_ = true;
};

}  // namespace

Graph::Graph(const std::function<void()>& fn, const std::shared_ptr<RecordedMemory>& memory)
    : memory_(memory) {
  Recording recording(current_stream());
  const HoldScope hold(held_);
  std::optional<RecordedMemoryScope> place;
  if (memory) place.emplace(*memory);
  fn();
  handle_ = recording.end();
}

Graph::~Graph() {
  if (handle_) (void)cudaGraphExecDestroy(handle_);
}

void Graph::launch() const { GENESIS_CUDA(cudaGraphLaunch(handle_, current_stream())); }

bool is_recording() {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  GENESIS_CUDA(cudaStreamIsCapturing(current_stream(), &status));
  return status != cudaStreamCaptureStatusNone;
}

}  // namespace genesis::cuda
