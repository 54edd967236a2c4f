#include "autograd/ops/cross_entropy.h"

#include "autograd/op.h"
#include "kernels/affine.h"
#include "kernels/contract.h"
#include "kernels/copy.h"
#include "kernels/core/transfer.h"
#include "kernels/cross_entropy.h"
#include "kernels/reduce.h"

namespace genesis::autograd {
namespace {

/// Targets as the kernel takes them. An i64 that does not fit becomes one that is surely out of range.
Array narrow_targets(const Array& targets) {
  if (targets.dtype() == DType::i32) return kernels::contiguous(targets);
  const Array wide = on_device(kernels::contiguous(targets), Device::cpu);
  Array narrow = Array::empty(targets.shape(), DType::i32);
  for (int64_t n = 0; n < wide.numel(); ++n) {
    const int64_t target = wide.data<int64_t>()[n];
    GENESIS_CHECK(target == int32_t(target), "cross_entropy: targets[", n, "] = ", target,
                  " is out of range");
    narrow.data<int32_t>()[n] = int32_t(target);
  }
  return narrow;
}

int64_t counted(const Array& targets, int32_t ignore_index) {
  const Array host = on_device(targets, Device::cpu);
  const int32_t* target = host.data<int32_t>();
  return targets.numel() - std::count(target, target + targets.numel(), ignore_index);
}

struct CrossEntropy {
  static constexpr const char* kName = "cross_entropy";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct Settings {
    Reduction reduction;
    int32_t ignore_index;
    double factor;  // of one row's loss in the result
  };

  static Array forward(Context& ctx, const Array& logits, const Array& given_targets, Reduction reduction,
                       int32_t ignore_index) {
    GENESIS_CHECK(logits.ndim() == 2 && given_targets.shape() == Shape{logits.dim(0)},
                  "cross_entropy: logits ", to_string(logits.shape()), " and targets ",
                  to_string(given_targets.shape()), ", expected [N, V] and [N]");
    const Array targets = narrow_targets(given_targets);
    const DType dtype = kernels::accumulate_dtype(logits.dtype());
    const Device device = logits.device();
    Array loss = Array::empty(targets.shape(), dtype, device), lse = Array::empty(targets.shape(), dtype, device);
    kernels::run(kernels::CrossEntropyForward{
        .logits = logits, .targets = targets, .ignore_index = ignore_index, .loss = loss, .lse = lse});
    ctx.save(logits, targets, lse);
    double factor = 1;
    if (reduction == Reduction::mean)
      factor = 1.0 / double(std::max<int64_t>(1, counted(targets, ignore_index)));
    ctx.keep(Settings{reduction, ignore_index, factor});
    if (reduction == Reduction::none) return loss;
    Array total = Array::empty({}, dtype, device);
    kernels::run(kernels::Reduce{.kind = kernels::ReduceKind::sum, .x = loss, .dims = {0}, .y = total});
    kernels::run(kernels::Affine{.x = total, .factor = factor, .y = total});
    return total;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [logits, targets, lse] = saved.get<3>();
    const auto& settings = saved.attributes<Settings>();
    Array dloss = dy;
    if (settings.reduction != Reduction::none) {
      dloss = Array::empty({1}, dy.dtype(), dy.device());
      kernels::run(kernels::Affine{.x = dy.view({1}), .factor = settings.factor, .y = dloss});
      dloss = dloss.expand(targets.shape());
    }
    Array dlogits = Array::empty(logits.shape(), logits.dtype(), logits.device());
    kernels::run(kernels::CrossEntropyBackward{.dloss = dloss,
                                               .logits = logits,
                                               .targets = targets,
                                               .lse = lse,
                                               .ignore_index = settings.ignore_index,
                                               .dlogits = dlogits});
    return {dlogits};
  }
};

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, Reduction reduction, int32_t ignore_index) {
  return apply<CrossEntropy>(logits, targets, reduction, ignore_index);
}

}  // namespace genesis::autograd
