// Plays cuDNN for the emulated card: attention by its formula, over the offsets, strides and statistics as
// cuDNN reads them. It has no plan for head dimension 72, and is wrong where there are three heads, as a
// broken library might be.
#include <algorithm>
#include <cmath>
#include <vector>

#include "checker/order.h"
#include "checker/shadow.h"
#include "kernels/core/check.h"
#include "kernels/core/cuda/stream.h"
#include "kernels/cuda/sdpa_plan.h"
#include "streams.h"

namespace genesis::kernels::cuda {

struct SdpaPlan::Graph {
  SdpaShape shape;
};

namespace {

constexpr int64_t kNoPlanDim = 72, kWrongHeads = 3;

/// One document and query head.
struct Part {
  const SdpaShape& s;
  const SdpaMemory& m;
  int64_t document, head;

  static void check(const void* at, size_t bytes, emulation::Access access) {
    emulation::check_range(at, bytes, access);
  }
  int64_t rows() const { return s.packed ? static_cast<const int32_t*>(m.lengths)[document] : s.length; }
  int64_t kv_head() const { return head * s.kv_heads / s.heads; }
  int64_t first(SdpaOffset which) const {
    return s.packed ? static_cast<const int64_t*>(m.offsets[size_t(which)])[document]
                    : document * s.length * row_of(s, which);
  }
  float get(const void* data, SdpaOffset which, int64_t row, int64_t of_head, int64_t i) const {
    const int64_t at = first(which) + row * row_of(s, which) + of_head * s.d + i;
    check(static_cast<const char*>(data) + 2 * at, 2, emulation::Access::read);
    return s.dtype == DType::bf16 ? float(static_cast<const bf16*>(data)[at])
                                  : float(static_cast<const f16*>(data)[at]);
  }
  void set(void* data, SdpaOffset which, int64_t row, int64_t of_head, int64_t i, double value) const {
    const int64_t at = first(which) + row * row_of(s, which) + of_head * s.d + i;
    check(static_cast<const char*>(data) + 2 * at, 2, emulation::Access::write);
    if (s.dtype == DType::bf16)
      static_cast<bf16*>(data)[at] = bf16(float(value));
    else
      static_cast<f16*>(data)[at] = f16(float(value));
  }
  float& stat(int64_t row) const {
    auto* stats = static_cast<float*>(m.stats);
    return stats[s.packed ? first(kOffsetStats) + row * s.heads + head
                          : (document * s.heads + head) * s.length + row];
  }
  double score(int64_t query, int64_t key) const {
    double sum = 0;
    for (int64_t i = 0; i < s.d; ++i)
      sum += double(get(m.q, kOffsetQ, query, head, i)) * get(m.k, kOffsetK, key, kv_head(), i);
    return sum * s.scale;
  }
};

void forward(const Part& p) {
  for (int64_t n = 0; n < p.rows(); ++n) {
    std::vector<double> e;
    double largest = -INFINITY, sum = 0;
    for (int64_t k = 0; k <= n; ++k) e.push_back(p.score(n, k));
    for (const double x : e) largest = std::max(largest, x);
    for (double& x : e) sum += x = std::exp(x - largest);
    Part::check(&p.stat(n), sizeof(float), emulation::Access::write);
    p.stat(n) = float(largest + std::log(sum));
    for (int64_t i = 0; i < p.s.d; ++i) {
      double out = 0;
      for (int64_t k = 0; k <= n; ++k) out += e[size_t(k)] / sum * p.get(p.m.v, kOffsetV, k, p.kv_head(), i);
      p.set(p.m.out, kOffsetOut, n, p.head, i, p.s.heads == kWrongHeads ? 1.5 * out : out);
    }
  }
}

/// Gradients of one document's rows; those of keys and values are summed over the heads that share them.
void backward(const SdpaShape& s, const SdpaMemory& m, int64_t document) {
  const int64_t rows = Part{s, m, document, 0}.rows(), d = s.d;
  const auto at = [d](int64_t row, int64_t i) { return size_t(row * d + i); };
  for (int64_t kv = 0; kv < s.kv_heads; ++kv) {
    std::vector<double> dk(size_t(rows * d)), dv(size_t(rows * d));
    for (int64_t head = kv * s.heads / s.kv_heads; head < (kv + 1) * s.heads / s.kv_heads; ++head) {
      const Part p{s, m, document, head};
      for (int64_t n = 0; n < rows; ++n) {
        double delta = 0;
        for (int64_t i = 0; i < d; ++i)
          delta += double(p.get(m.dout, kOffsetDout, n, head, i)) * p.get(m.out, kOffsetOut, n, head, i);
        std::vector<double> dq(size_t(d), 0.0);
        for (int64_t k = 0; k <= n; ++k) {
          const double prob = std::exp(p.score(n, k) - p.stat(n));
          double dp = 0;
          for (int64_t i = 0; i < d; ++i)
            dp += double(p.get(m.dout, kOffsetDout, n, head, i)) * p.get(m.v, kOffsetV, k, kv, i);
          const double ds = prob * (dp - delta) * s.scale;
          for (int64_t i = 0; i < d; ++i) {
            dq[size_t(i)] += ds * p.get(m.k, kOffsetK, k, kv, i);
            dk[at(k, i)] += ds * p.get(m.q, kOffsetQ, n, head, i);
            dv[at(k, i)] += prob * p.get(m.dout, kOffsetDout, n, head, i);
          }
        }
        for (int64_t i = 0; i < d; ++i) p.set(m.dq, kOffsetDq, n, head, i, dq[size_t(i)]);
      }
    }
    const Part p{s, m, document, 0};
    for (int64_t n = 0; n < rows; ++n)
      for (int64_t i = 0; i < d; ++i) {
        p.set(m.dk, kOffsetDk, n, kv, i, dk[at(n, i)]);
        p.set(m.dv, kOffsetDv, n, kv, i, dv[at(n, i)]);
      }
  }
}

}  // namespace

SdpaPlan::SdpaPlan(const SdpaShape& shape) : graph_(std::make_unique<Graph>(Graph{shape})) {
  GENESIS_CHECK(shape.d != kNoPlanDim, "the emulated cuDNN has no plan for head dimension ", shape.d);
}
SdpaPlan::~SdpaPlan() = default;

int64_t SdpaPlan::workspace_bytes() const { return 256; }

void SdpaPlan::run(const SdpaMemory& memory) const {
  emulation::enqueue(genesis::cuda::current_stream(), [shape = graph_->shape, memory] {
    emulation::name_work({.kernel = nullptr, .words = "cuDNN's attention"});
    for (int64_t document = 0; document < shape.sequences; ++document) {
      if (shape.backward) {
        backward(shape, memory, document);
        continue;
      }
      for (int64_t head = 0; head < shape.heads; ++head) forward({shape, memory, document, head});
    }
  });
}

const CudnnState& cudnn_state() {
  static const CudnnState state{.missing = "", .version = 90000, .text = "emulated cuDNN"};
  return state;
}

}  // namespace genesis::kernels::cuda
