// A block of 512 threads a row, 16-byte accesses: forward s bytes per logit, backward 2 s (logit_rows.cuh says in which
// order sums run). Share of peak: not measured.
#include "kernels/cross_entropy.h"

#include "kernels/core/transfer.h"
#include "kernels/cuda/logit_rows.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class T>
__global__ void forward(const T* logits, RowMap rows, const int32_t* targets, int32_t ignore, int64_t width,
                        bool aligned, float* loss, float* lse) {
  __shared__ float scratch[33];
  const int64_t n = blockIdx.x;
  const int32_t target = targets[n];
  if (target == ignore) {
    if (threadIdx.x == 0) loss[n] = lse[n] = 0;
    return;
  }
  const T* z = logits + rows.at(n);
  float top;
  const float log_sum = log_sum_exp(z, width, aligned, scratch, top);
  if (threadIdx.x != 0) return;
  lse[n] = top + log_sum;
  loss[n] = log_sum + (top - widen(z[target]));  // in this order a confident row keeps its small loss
}

template <class T>
__global__ void backward(const float* dloss, int64_t dloss_step, const T* logits, RowMap rows, const int32_t* targets,
                         const float* lse, int32_t ignore, int64_t width, bool aligned, T* dlogits,
                         RowMap dlogits_rows) {
  const int64_t n = blockIdx.x;
  const int32_t target = targets[n];
  T* out = dlogits + dlogits_rows.at(n);
  if (target == ignore) {
    for (int64_t v = threadIdx.x; v < width; v += blockDim.x) out[v] = narrow<T>(0.0f);
    return;
  }
  gradient_row(logits + rows.at(n), out, width, aligned, lse[n], dloss[n * dloss_step], target);
}

void check_targets(const char* op, const Array& targets, int32_t ignore_index, int64_t classes) {
  if (targets.device() != Device::cpu) return;  // targets that exist on a card only are trusted
  const int32_t* target = targets.data<int32_t>();
  for (int64_t n = 0; n < targets.numel(); ++n)
    GENESIS_CHECK(target[n] == ignore_index || (target[n] >= 0 && target[n] < classes), op, ": targets[", n,
                  "] = ", target[n], " is outside [0, ", classes, ") and not ", ignore_index);
}

}  // namespace

void run_cuda(const CrossEntropyForward& o) {
  check_targets(o.kName, o.targets, o.ignore_index, o.logits.dim(1));
  if (o.targets.numel() == 0) return;
  const Array targets = card_copy(o.targets);
  dispatch_device(o.logits.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, {.blocks = o.logits.dim(0), .threads = kLogitThreads}, forward<T>, pointer<T>(o.logits),
           rows_of(o.kName, o.logits), pointer<int32_t>(targets), o.ignore_index, o.logits.dim(1),
           is_aligned(o.logits), pointer<float>(o.loss), pointer<float>(o.lse));
  });
}

void run_cuda(const CrossEntropyBackward& o) {
  check_targets(o.kName, o.targets, o.ignore_index, o.logits.dim(1));
  if (o.logits.numel() == 0) return;
  const Array targets = card_copy(o.targets), dloss = on_device(o.dloss, Device::cuda);
  dispatch_device(o.logits.dtype(), [&](auto tag) {
    using T = decltype(tag);
    launch(o.kName, {.blocks = o.logits.dim(0), .threads = kLogitThreads}, backward<T>, pointer<float>(dloss),
           dloss.strides()[0], pointer<T>(o.logits), rows_of(o.kName, o.logits), pointer<int32_t>(targets),
           pointer<float>(o.lse), o.ignore_index, o.logits.dim(1), is_aligned(o.logits) && is_aligned(o.dlogits),
           pointer<T>(o.dlogits), rows_of(o.kName, o.dlogits));
  });
}

}  // namespace genesis::kernels
