// A build without the headers of cuDNN's frontend: attention is computed by our own kernels.
#include "kernels/cuda/sdpa_plan.h"

#include "kernels/core/check.h"

namespace genesis::kernels::cuda {

struct SdpaPlan::Graph {};

SdpaPlan::SdpaPlan(const SdpaShape&) { GENESIS_CHECK(false, cudnn_state().missing); }
SdpaPlan::~SdpaPlan() = default;
int64_t SdpaPlan::workspace_bytes() const { return 0; }
void SdpaPlan::run(const SdpaMemory&) const {}

const CudnnState& cudnn_state() {
  static const std::string why = "built without cuDNN's frontend (cmake -DCUDNN_FRONTEND_DIR=FOLDER)";
  static const CudnnState state{.missing = why, .version = 0, .text = why};
  return state;
}

}  // namespace genesis::kernels::cuda
