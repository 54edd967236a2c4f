// One block: threads bring the squares, the first adds them in order and decides; 8 bytes a parameter tensor, read once.
// The product that meets a sum is rounded by itself, so that the numbers are those of the host. Share of peak: not
// measured.
#include "kernels/update_decision.h"

#include "kernels/cuda/device.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

struct Rules {
  double loss_weight, unscale, max_norm;
  bool scaled, hold;
};

__device__ bool is_finite(double x) { return x - x == 0; }

__device__ void decide(double total, double loss_sum, const Rules& rules, double* out) {
  const double norm = __dmul_rn(rules.unscale, sqrt(total)), loss = loss_sum / rules.loss_weight;
  const bool finite = is_finite(norm) && is_finite(loss), overflow = rules.scaled && !is_finite(norm);
  const bool held = rules.hold && (out[UpdateDecision::kHeld] != 0 || (!finite && !overflow));
  const double clip = rules.max_norm > 0 ? rules.max_norm / (norm + 1e-6) : 1;
  out[UpdateDecision::kFactor] = rules.unscale * (clip < 1 ? clip : 1);
  out[UpdateDecision::kMade] = finite && !held ? 1 : 0;
  out[UpdateDecision::kLoss] = loss;
  out[UpdateDecision::kNorm] = norm;
  out[UpdateDecision::kHeld] = held ? 1 : 0;
}

__global__ void update_decision(const double* squares, int64_t count, const double* loss_sum, Rules rules,
                                double* out) {
  __shared__ double part[kThreads];
  double total = 0;
  for (int64_t begin = 0; begin < count; begin += kThreads) {
    if (begin + threadIdx.x < count) part[threadIdx.x] = squares[begin + threadIdx.x];
    __syncthreads();
    if (threadIdx.x == 0)
      for (int64_t i = begin; i < count && i < begin + kThreads; ++i) total += part[i - begin];
    __syncthreads();
  }
  if (threadIdx.x == 0) decide(total, *loss_sum, rules, out);
}

}  // namespace

void run_cuda(const UpdateDecision& o) {
  const Rules rules{o.loss_weight, o.unscale, o.max_norm, o.scaled, o.hold};
  launch(o.kName, {.blocks = 1}, update_decision, pointer<const double>(o.squares), o.squares.numel(),
         pointer<const double>(o.loss_sum), rules, pointer<double>(o.decision));
}

}  // namespace genesis::kernels
