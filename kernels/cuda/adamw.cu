// One launch over all parameters, a block per 16384 elements of one of them, 16-byte accesses. f32: 28 bytes per
// parameter (w, m, v read and written, g read), the same where the master is split into weight and remainder; bf16: 14
// to 16 bytes and one Philox call per two parameters, the numbers of the CPU. No sums. Share of peak: not measured.
#include "kernels/adamw.h"

#include <cmath>

#include "kernels/cuda/master_pack.cuh"
#include "kernels/cuda/tensor_list.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

struct Entry {
  void *param, *m, *v, *remainder;
  const void* grad;
  int64_t elements, first_block;
  uint64_t stream, first_element;
  float decay;  // factor of w
};

/// The numbers of a step that are the same for every element.
struct Rates {
  float beta1, one_minus_beta1, beta2, one_minus_beta2, lr, inverse_bias1, inverse_bias2, eps, grad_scale;
  uint64_t seed;
  double wide_scale;       // grad_scale before rounding
  const double* decision;  // [2] {factor of grad_scale, 0: nothing is updated}, or null
};

/// Fused by hand: every kernel below gives the same bits.
__device__ void update(const Rates& r, float decay, float& w, float& m, float& v, float g) {
  g *= r.grad_scale;
  m = fmaf(r.beta1, m, r.one_minus_beta1 * g);
  v = fmaf(r.beta2, v, r.one_minus_beta2 * (g * g));
  w = fmaf(w, decay, -__fdividef(r.lr * (m * r.inverse_bias1), sqrtf(v * r.inverse_bias2) + r.eps));
}

/// Rounds down or up with the probability that makes the mean exact; `random` has 16 bits.
__device__ float stochastic(float x, uint32_t random) {
  return __uint_as_float((__float_as_uint(x) + random) & 0xffff0000u);
}

/// Rounds one element with its half of a Philox call: elements 2 c and 2 c + 1 share call c.
__device__ void round_stochastically(const Words& words, bool odd, float& w, float& m, float& v) {
  const uint32_t a = odd ? words.w[2] : words.w[0], b = odd ? words.w[3] : words.w[1];
  w = stochastic(w, a & 0xffffu);
  m = stochastic(m, a >> 16);
  v = stochastic(v, b & 0xffffu);
}

/// P: of the parameter, M: of the moments. bf16 with moments in f32 has a remainder.
template <class P, class M, class G>
__global__ void step(const Entry* entries, int64_t count, Rates rates) {
  constexpr bool kSplit = !std::is_same_v<P, M>, kRounded = !std::is_same_v<M, float>;
  if (rates.decision) {
    if (rates.decision[1] == 0) return;
    rates.grad_scale = float(rates.wide_scale * rates.decision[0]);
  }
  const Entry e = entry_of_block(entries, count);
  const int64_t begin = (int64_t(blockIdx.x) - e.first_block) * kListChunk;
  const int64_t end = begin + kListChunk < e.elements ? begin + kListChunk : e.elements;
  P* param = static_cast<P*>(e.param);
  M *first = static_cast<M*>(e.m), *second = static_cast<M*>(e.v);
  auto* remainder = static_cast<uint16_t*>(e.remainder);
  const G* grad = static_cast<const G*>(e.grad);
  const bool aligned = ((reinterpret_cast<uintptr_t>(param) | reinterpret_cast<uintptr_t>(first) |
                         reinterpret_cast<uintptr_t>(second) | reinterpret_cast<uintptr_t>(grad) |
                         reinterpret_cast<uintptr_t>(remainder)) &
                        15) == 0;
  for (int64_t i = begin + int64_t(threadIdx.x) * kVector; i < end; i += int64_t(blockDim.x) * kVector) {
    float w[kVector], m[kVector], v[kVector], g[kVector];
    load(param, i, end, aligned, w);
    load(first, i, end, aligned, m);
    load(second, i, end, aligned, v);
    load(grad, i, end, aligned, g);
    if constexpr (kSplit) load_masters(remainder, i, end, aligned, w, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) update(rates, e.decay, w[j], m[j], v[j], g[j]);
    if constexpr (kRounded) {
      const uint64_t element = e.first_element + uint64_t(i);
      const bool odd = element % 2 == 1;  // where a rank's share begins behind an odd number of elements
#pragma unroll
      for (int j = 0; j < kVector; j += 2) {
        Words words = philox_words(rates.seed, e.stream, element / 2 + uint64_t(j / 2));
        round_stochastically(words, odd, w[j], m[j], v[j]);
        if (odd) words = philox_words(rates.seed, e.stream, element / 2 + uint64_t(j / 2) + 1);
        round_stochastically(words, !odd, w[j + 1], m[j + 1], v[j + 1]);
      }
    }
    if constexpr (kSplit) store_remainders(remainder, i, end, aligned, w, v);
    store(param, i, end, aligned, w);
    store(first, i, end, aligned, m);
    store(second, i, end, aligned, v);
  }
}

template <class P, class M, class G>
void update_all(const AdamW& o, DType param, DType grad, const Rates& rates) {
  TensorList<Entry> list;
  for (const AdamWTensor& t : o.tensors) {
    const bool split = !std::is_same_v<P, M>;
    if (t.param.dtype() != param || t.grad.dtype() != grad || t.remainder.defined() != split) continue;
    if (t.param.numel() == 0) continue;
    list.add({.param = t.param.raw(),
              .m = t.m.raw(),
              .v = t.v.raw(),
              .remainder = pointer<void>(t.remainder),
              .grad = t.grad.raw(),
              .elements = t.param.numel(),
              .first_block = 0,
              .stream = stream_of({o.rounding.stream, t.id}),
              .first_element = t.first_element,
              .decay = float(t.decay ? 1.0 - o.lr * o.weight_decay : 1.0)},
             t.param.numel());
  }
  if (list.blocks() == 0) return;
  const Array entries = list.upload();
  launch(o.kName, {.blocks = list.blocks()}, step<P, M, G>, static_cast<const Entry*>(entries.raw()), list.size(), rates);
}

}  // namespace

void run_cuda(const AdamW& o) {
  const Rates rates{.beta1 = float(o.beta1),
                    .one_minus_beta1 = float(1.0 - o.beta1),
                    .beta2 = float(o.beta2),
                    .one_minus_beta2 = float(1.0 - o.beta2),
                    .lr = float(o.lr),
                    .inverse_bias1 = float(1.0 / (1.0 - std::pow(o.beta1, double(o.step)))),
                    .inverse_bias2 = float(1.0 / (1.0 - std::pow(o.beta2, double(o.step)))),
                    .eps = float(o.eps),
                    .grad_scale = float(o.grad_scale),
                    .seed = o.rounding.seed,
                    .wide_scale = o.grad_scale,
                    .decision = o.decision.defined() ? pointer<const double>(o.decision) : nullptr};
  update_all<float, float, float>(o, DType::f32, DType::f32, rates);
  update_all<float, float, DeviceBf16>(o, DType::f32, DType::bf16, rates);
  update_all<DeviceBf16, float, float>(o, DType::bf16, DType::f32, rates);
  update_all<DeviceBf16, float, DeviceBf16>(o, DType::bf16, DType::bf16, rates);
  update_all<DeviceBf16, DeviceBf16, DeviceBf16>(o, DType::bf16, DType::bf16, rates);
  update_all<DeviceBf16, DeviceBf16, float>(o, DType::bf16, DType::f32, rates);
  for (const AdamWTensor& t : o.tensors) t.param.storage().bump_version();
}

}  // namespace genesis::kernels
