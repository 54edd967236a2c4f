#include "autograd/ops/embedding.h"

#include "autograd/op.h"
#include "kernels/core/transfer.h"
#include "kernels/embedding.h"
#include "kernels/fill.h"

namespace genesis::autograd {
namespace {

/// Ids as the kernel takes them: i32, contiguous.
Array narrow_ids(const Array& given) {
  if (given.dtype() == DType::i32) return given;
  const Array ids = on_device(given, Device::cpu);
  Array narrow = Array::empty(ids.shape(), DType::i32);
  const int64_t* from = ids.data<int64_t>();
  GENESIS_CHECK(ids.is_contiguous(), "embedding: ids must be contiguous");
  for (int64_t i = 0; i < ids.numel(); ++i) {
    GENESIS_CHECK(from[i] == int32_t(from[i]), "embedding: id ", from[i], " at place ", i,
                  " is out of range");
    narrow.data<int32_t>()[i] = int32_t(from[i]);
  }
  return narrow;
}

struct Embedding {
  static constexpr const char* kName = "embedding";
  static constexpr Autocast kAutocast = Autocast::keep;

  static Array forward(Context& ctx, const Array& given_ids, const Array& weight) {
    const Array ids = narrow_ids(given_ids);
    Shape shape = ids.shape();
    shape.push_back(weight.dim(1));
    const AutocastState cast = autocast_state();
    const DType dtype = cast.on && weight.dtype() == DType::f32 ? cast.dtype : weight.dtype();
    Array y = Array::empty(shape, dtype, weight.device());
    kernels::run(kernels::EmbeddingForward{.ids = ids, .weight = weight, .y = y});
    ctx.save(ids);
    ctx.keep(weight.shape());
    return y;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [ids] = saved.get<1>();
    Array dweight;
    bool accumulate = false;
    if (saved.is_leaf(1)) {
      auto target = saved.gradient_target(1);
      dweight = target.grad;
      accumulate = target.accumulate;
    } else {
      dweight = Array::empty(saved.attributes<Shape>(), dy.dtype(), dy.device());
    }
    if (!accumulate) kernels::run(kernels::Fill{.dst = dweight, .value = 0});
    kernels::run(kernels::EmbeddingBackward{.dy = dy, .ids = ids, .dweight = dweight});
    return {Array(), saved.is_leaf(1) ? Array() : dweight};
  }
};

}  // namespace

Tensor embedding(const Tensor& ids, const Tensor& weight) { return apply<Embedding>(ids, weight); }

}  // namespace genesis::autograd
