#include "parallel/ops/vocabulary_embedding.h"

#include "autograd/op.h"
#include "autograd/ops/embedding.h"
#include "autograd/ops/weight_target.h"
#include "kernels/embedding_part.h"
#include "kernels/fill.h"
#include "parallel/ops/row_exchange.h"
#include "parallel/shard.h"

namespace genesis::parallel {
namespace {

using autograd::WeightTarget;

struct VocabularyEmbedding {
  static constexpr const char* kName = "vocabulary_embedding";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::keep;
  struct Settings {
    int64_t vocabulary;
    TensorParallel tp;
    Shape shape;  // of the local table
    int64_t first() const { return share_of(vocabulary, tp.rank(), tp.size()).begin; }
  };

  static Array forward(autograd::Context& ctx, const Array& ids, const Array& weight,
                       const Settings& settings) {
    const autograd::AutocastState cast = autograd::autocast_state();
    const DType dtype = cast.on && weight.dtype() == DType::f32 ? cast.dtype : weight.dtype();
    const Array y = Array::empty({ids.dim(0), weight.dim(1)}, dtype, weight.device());
    kernels::run(kernels::EmbeddingPartForward{
        .ids = ids, .weight = weight, .first = settings.first(), .total = settings.vocabulary, .y = y});
    ctx.save(ids);
    ctx.keep(settings);
    return sum_rows(y, settings.tp);
  }

  static autograd::Grads backward(const autograd::Saved& saved, const Array& dy) {
    auto [ids] = saved.get<1>();
    const Settings& settings = saved.attributes<Settings>();
    const Array all = gather_rows(dy, settings.tp);
    const WeightTarget dw(saved, 1, settings.shape, dy);
    if (!dw.accumulate) kernels::run(kernels::Fill{.dst = dw.grad, .value = 0});
    kernels::run(kernels::EmbeddingPartBackward{
        .dy = all, .ids = ids, .first = settings.first(), .total = settings.vocabulary, .dweight = dw.grad});
    return {Array(), dw.returned()};
  }
};

}  // namespace

Tensor vocabulary_embedding(const Tensor& ids, const Tensor& weight, int64_t vocabulary,
                            const TensorParallel& tp) {
  if (!tp.is_split()) return autograd::embedding(ids, weight);
  return autograd::apply<VocabularyEmbedding>(ids, weight,
                                              VocabularyEmbedding::Settings{vocabulary, tp, weight.shape()});
}

}  // namespace genesis::parallel
