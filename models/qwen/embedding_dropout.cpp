#include "models/qwen/embedding_dropout.h"

#include "autograd/op.h"
#include "autograd/random.h"
#include "kernels/dropout.h"

namespace genesis::models {
namespace {

constexpr uint64_t kEmbeddingStream = 0x656d626564;  // apart from every other use of the thread's streams

struct EmbeddingDropout {
  static constexpr const char* kName = "embedding_dropout";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::keep;

  struct Attributes {
    TokenBatch batch;
    double p;
    RandomStream random;
  };

  static Array drop(const Array& x, const Attributes& a) {
    const Array y = Array::empty(x.shape(), x.dtype(), x.device());
    const int32_t* bounds = a.batch.cu_seqlens.data<int32_t>();
    for (int64_t s = 0; s < a.batch.texts(); ++s) {
      const auto sample = uint64_t(a.batch.samples.empty() ? s : a.batch.samples[size_t(s)]);
      kernels::run(
          kernels::Dropout{.x = x.slice(0, bounds[s], bounds[s + 1]),
                           .p = a.p,
                           .stream = {a.random.seed, stream_of({kEmbeddingStream, a.random.stream, sample})},
                           .y = y.slice(0, bounds[s], bounds[s + 1])});
    }
    return y;
  }

  static Array forward(autograd::Context& ctx, const Array& x, const Attributes& attributes) {
    ctx.keep(attributes);
    return drop(x, attributes);
  }
  static autograd::Grads backward(const autograd::Saved& saved, const Array& dy) {
    return {drop(dy, saved.attributes<Attributes>())};
  }
};

}  // namespace

Tensor embedding_dropout(const Tensor& x, const TokenBatch& batch, double p) {
  return autograd::apply<EmbeddingDropout>(
      x, EmbeddingDropout::Attributes{batch, p, autograd::next_random_stream()});
}

}  // namespace genesis::models
