#include "kernels/adamw.h"

#include <cmath>

#include "kernels/core/master_bits.h"
#include "kernels/cpu/chunks.h"
#include "kernels/cpu/philox_words.h"

// Threads own chunks of the list of all parameters. f32: 28 bytes per parameter (w, m, v read and written, g
// read), the same where the master is split; bf16: 14 bytes and one Philox call per two parameters.
namespace genesis::kernels {
namespace {

/// The numbers of a step that are the same for every element.
template <class A>
struct Rates {
  A decay, beta1, one_minus_beta1, beta2, one_minus_beta2, lr, inverse_bias1, inverse_bias2, eps, grad_scale;
  Rates(const AdamW& o, bool decays)
      : decay(A(decays ? 1.0 - o.lr * o.weight_decay : 1.0)),
        beta1(A(o.beta1)),
        one_minus_beta1(A(1.0 - o.beta1)),
        beta2(A(o.beta2)),
        one_minus_beta2(A(1.0 - o.beta2)),
        lr(A(o.lr)),
        inverse_bias1(A(1.0 / (1.0 - std::pow(o.beta1, double(o.step))))),
        inverse_bias2(A(1.0 / (1.0 - std::pow(o.beta2, double(o.step))))),
        eps(A(o.eps)),
        grad_scale(A(o.grad_scale)) {}

  void update(A& w, A& m, A& v, A g) const {
    g *= grad_scale;
    m = beta1 * m + one_minus_beta1 * g;
    v = beta2 * v + one_minus_beta2 * (g * g);
    w = w * decay - lr * (m * inverse_bias1) / (std::sqrt(v * inverse_bias2) + eps);
  }
};

template <class T, class G>
void step_exact(const Rates<T>& rates, T* w, const G* g, T* m, T* v, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    T wi = w[i], mi = m[i], vi = v[i];
    rates.update(wi, mi, vi, T(g[i]));
    w[i] = wi;
    m[i] = mi;
    v[i] = vi;
  }
}

/// The same of masters that lie in bf16 weights, remainders and the signs of v.
template <class G>
void step_split(const Rates<float>& rates, bf16* w, uint16_t* remainder, const G* g, float* m, float* v,
                int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const auto carrier = std::bit_cast<uint32_t>(v[i]);
    const uint32_t bits = joined_bits(uint32_t(w[i].bits) << 16, remainder[i], carrier >> 31 != 0);
    float wi = std::bit_cast<float>(bits), mi = m[i], vi = std::bit_cast<float>(carrier & 0x7fffffffu);
    rates.update(wi, mi, vi, float(g[i]));
    const auto master = std::bit_cast<uint32_t>(wi);
    w[i] = bf16(wi);
    remainder[i] = remainder_bits(master);
    m[i] = mi;
    v[i] = std::bit_cast<float>(std::bit_cast<uint32_t>(vi) | uint32_t(is_carried_tie(master)) << 31);
  }
}

/// Rounds down or up with the probability that makes the mean exact; `random` has 16 bits.
inline uint16_t stochastic_bits(float x, uint32_t random) {
  return uint16_t((std::bit_cast<uint32_t>(x) + random) >> 16);
}

template <class G>
void step_rounded(const Rates<float>& rates, bf16* w, const G* g, bf16* m, bf16* v, int64_t n,
                  const RandomStream& stream, uint64_t first) {
  constexpr int64_t kBlock = 512;
  uint32_t words[2 * kBlock + 4];  // two per element
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t size = std::min(kBlock, n - begin);
    const uint64_t element = first + uint64_t(begin);
    philox_words(stream, element / 2, (size + 2) / 2, words);
    const uint32_t* random = words + 2 * (element % 2);  // an odd start begins in the middle of a counter
#pragma omp simd
    for (int64_t j = 0; j < size; ++j) {
      const int64_t i = begin + j;
      float wi = float(w[i]), mi = float(m[i]), vi = float(v[i]);
      rates.update(wi, mi, vi, float(g[i]));
      w[i].bits = stochastic_bits(wi, random[2 * j] & 0xffffu);
      m[i].bits = stochastic_bits(mi, random[2 * j] >> 16);
      v[i].bits = stochastic_bits(vi, random[2 * j + 1] & 0xffffu);
    }
  }
}

template <class G>
void step_split_chunk(const AdamW& o, const AdamWTensor& t, int64_t begin, int64_t end) {
  auto* remainder = static_cast<uint16_t*>(t.remainder.raw()) + begin;
  step_split(Rates<float>(o, t.decay), t.param.data<bf16>() + begin, remainder, t.grad.data<G>() + begin,
             t.m.data<float>() + begin, t.v.data<float>() + begin, end - begin);
}

template <class P, class G>
void step_chunk(const AdamW& o, const AdamWTensor& t, int64_t begin, int64_t end) {
  const Rates<accumulate_t<P>> rates(o, t.decay);
  P *w = t.param.data<P>() + begin, *m = t.m.data<P>() + begin, *v = t.v.data<P>() + begin;
  const G* g = t.grad.data<G>() + begin;
  if constexpr (std::is_same_v<P, bf16>) {
    const RandomStream stream{o.rounding.seed, stream_of({o.rounding.stream, t.id})};
    step_rounded(rates, w, g, m, v, end - begin, stream, t.first_element + uint64_t(begin));
  } else {
    step_exact(rates, w, g, m, v, end - begin);
  }
}

}  // namespace

void run_cpu(const AdamW& given) {
  AdamW o = given;
  if (o.decision.defined()) {
    const double* decision = o.decision.data<double>();
    if (decision[1] == 0) return;
    o.grad_scale *= decision[0];
  }
  Chunks chunks;
  for (const AdamWTensor& t : o.tensors) chunks.add(t.param.numel());
  chunks.for_each([&](int64_t, size_t tensor, int64_t begin, int64_t end) {
    const AdamWTensor& t = o.tensors[tensor];
    const bool half_grad = t.grad.dtype() == DType::bf16;
    if (t.remainder.defined())
      return half_grad ? step_split_chunk<bf16>(o, t, begin, end) : step_split_chunk<float>(o, t, begin, end);
    if (t.param.dtype() == DType::f64) return step_chunk<double, double>(o, t, begin, end);
    if (t.param.dtype() == DType::f32)
      return half_grad ? step_chunk<float, bf16>(o, t, begin, end)
                       : step_chunk<float, float>(o, t, begin, end);
    half_grad ? step_chunk<bf16, bf16>(o, t, begin, end) : step_chunk<bf16, float>(o, t, begin, end);
  });
  for (const AdamWTensor& t : o.tensors) t.param.storage().bump_version();
}

}  // namespace genesis::kernels
