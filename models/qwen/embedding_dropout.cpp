#include "models/qwen/embedding_dropout.h"

#include <algorithm>

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
    int64_t first_token;
    RandomStream random;
  };

  static Array drop(const Array& x, const Attributes& a) {
    const Array y = Array::empty(x.shape(), x.dtype(), x.device());
    const int32_t* bounds = a.batch.cu_seqlens.data<int32_t>();
    const int64_t last_token = a.first_token + x.dim(0), width = x.dim(1);
    for (int64_t s = 0; s < a.batch.texts(); ++s) {
      const int64_t begin = std::max<int64_t>(bounds[s], a.first_token),
                    end = std::min<int64_t>(bounds[s + 1], last_token);
      if (begin >= end) continue;
      const auto sample = uint64_t(a.batch.samples.empty() ? s : a.batch.samples[size_t(s)]);
      kernels::run(
          kernels::Dropout{.x = x.slice(0, begin - a.first_token, end - a.first_token),
                           .p = a.p,
                           .stream = {a.random.seed, stream_of({kEmbeddingStream, a.random.stream, sample})},
                           .first_element = uint64_t((begin - bounds[s]) * width),
                           .y = y.slice(0, begin - a.first_token, end - a.first_token)});
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

Tensor embedding_dropout(const Tensor& x, const TokenBatch& batch, double p, int64_t first_token) {
  return autograd::apply<EmbeddingDropout>(
      x, EmbeddingDropout::Attributes{batch, p, first_token, autograd::next_random_stream()});
}

}  // namespace genesis::models
