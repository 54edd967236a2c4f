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
    std::vector<parallel::Range> tokens;
    RandomStream random;
  };

  static Array drop(const Array& x, const Attributes& a) {
    const Array y = Array::empty(x.shape(), x.dtype(), x.device());
    int64_t row = 0;
    for (const parallel::Range& tokens : a.tokens) {
      drop_rows(x.slice(0, row, row + tokens.size()), tokens, a, y.slice(0, row, row + tokens.size()));
      row += tokens.size();
    }
    return y;
  }

  static void drop_rows(const Array& x, const parallel::Range& tokens, const Attributes& a, const Array& y) {
    const int32_t* bounds = a.batch.cu_seqlens.data<int32_t>();
    const int64_t width = x.dim(1);
    for (int64_t s = 0; s < a.batch.texts(); ++s) {
      const int64_t begin = std::max<int64_t>(bounds[s], tokens.begin),
                    end = std::min<int64_t>(bounds[s + 1], tokens.end);
      if (begin >= end) continue;
      const auto sample = uint64_t(a.batch.samples.empty() ? s : a.batch.samples[size_t(s)]);
      kernels::run(
          kernels::Dropout{.x = x.slice(0, begin - tokens.begin, end - tokens.begin),
                           .p = a.p,
                           .stream = {a.random.seed, stream_of({kEmbeddingStream, a.random.stream, sample})},
                           .first_element = uint64_t((begin - bounds[s]) * width),
                           .y = y.slice(0, begin - tokens.begin, end - tokens.begin)});
    }
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

Tensor embedding_dropout(const Tensor& x, const TokenBatch& batch, double p,
                         std::vector<parallel::Range> tokens) {
  if (tokens.empty()) tokens = {{0, x.size(0)}};
  return autograd::apply<EmbeddingDropout>(
      x, EmbeddingDropout::Attributes{batch, p, std::move(tokens), autograd::next_random_stream()});
}

}  // namespace genesis::models
