// A block a text. The logits are read twice and written as 8-byte weights; a cut of the tail reads the weights five
// times (a digit of eight bits a time, counted in shared memory: sums of whole numbers, so atomics cannot change them),
// the draw twice. Digits that are 0, most of them, are not counted but follow from the rest. Share of peak: not measured.
#include "kernels/sample_tokens.h"

#include "kernels/core/transfer.h"
#include "kernels/cuda/best.cuh"
#include "kernels/cuda/column_sums.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

using Word = unsigned long long;

constexpr int kSampleThreads = 1024, kParts = kSampleThreads / 32, kDigits = 257;

struct Rules {
  double temperature, top_p, penalty;
  int64_t top_k;
  uint64_t seed;
  bool sample;
};

/// How many tokens, and the sum of their weights.
struct Amount {
  Word count, mass;
};

/// Kept: every weight above `least`, and the first `ties` that are equal to it.
struct Cut {
  Word least, ties;
};

struct Scratch {
  Best best[33];
  Word words[33], count[kDigits], mass[kDigits];
  Amount above, matched;  // beside the digits found so far: larger, equal
  int digit;
  Word part_mass[kParts], part_equal[kParts];
  int64_t begin, end;  // where the draw ends
  Word left, ties;
};

/// floor(2^40 e^y) for y <= 0: the steps of kernels/cpu/sample_tokens.cpp.
__device__ Word weight_of(double y) {
  if (!(y > -28)) return 0;
  const double n = floor(fma(y, 1.4426950408889634, 0.5));
  const double f = fma(n, -1.9082149292705877e-10, fma(n, -0.6931471803691238, y));
  const double terms[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                          1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2,     1,          1};
  double p = 1.0 / 6227020800;
#pragma unroll
  for (int i = 0; i < 13; ++i) p = fma(p, f, terms[i]);
  return Word(p * __longlong_as_double((1023 + 40 + (long long)(n)) << 52));
}

__device__ Word block_total(Word x, Scratch& s) {
  return block_reduce(x, s.words, Word(0), [](Word v) {
    for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
    return v;
  });
}

/// Of the weights above `least` (`all` of them), the largest W with reached(those >= W), and in s.above those > W.
/// False when all of them do not reach.
template <class Reached>
__device__ bool descend(const Word* weights, int64_t width, Word least, Amount all, Reached reached, Scratch& s,
                        Word& found) {
  found = 0;
  if (threadIdx.x == 0) {
    s.above = {0, 0};
    s.matched = all;
  }
  for (int shift = 32; shift >= 0; shift -= 8) {
    for (int d = threadIdx.x; d < kDigits; d += blockDim.x) s.count[d] = s.mass[d] = 0;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
      const Word w = weights[i];
      if (w <= least || (shift < 32 && (w >> (shift + 8)) != found)) continue;
      const int digit = int(shift == 32 ? w >> 32 : (w >> shift) & 255);
      if (digit == 0) continue;
      atomicAdd(&s.count[digit], Word(1));
      atomicAdd(&s.mass[digit], w);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      Amount rest = s.matched;
      int digit = kDigits - 1;
      for (int d = 1; d < kDigits; ++d) rest = {rest.count - s.count[d], rest.mass - s.mass[d]};
      s.count[0] = rest.count;
      s.mass[0] = rest.mass;
      for (; digit >= 0; --digit) {
        const Amount with{s.above.count + s.count[digit], s.above.mass + s.mass[digit]};
        if (reached(with)) break;
        s.above = with;
      }
      s.digit = digit;
      if (digit >= 0) s.matched = {s.count[digit], s.mass[digit]};
    }
    __syncthreads();
    if (s.digit < 0) return false;
    found = found * 256 + Word(s.digit);
    __syncthreads();  // before the digits are cleared
  }
  return true;
}

/// The fewest tokens of weight w that bring `mass` to `enough`.
__device__ Word ties_for(Word mass, Word w, double enough) {
  if (w == 0) return 0;
  const double missing = (enough - double(mass)) / double(w);
  Word ties = missing > 1 ? Word(missing) : 1;
  while (ties > 1 && double(mass + (ties - 1) * w) >= enough) --ties;
  while (double(mass + ties * w) < enough) ++ties;
  return ties;
}

/// What top_k and top_p leave of `all` weights above 0; `sum` becomes theirs.
__device__ Cut cut_tail(const Word* weights, int64_t width, Amount all, const Rules& rules, Scratch& s, Word& sum) {
  Cut cut{0, 0};
  Amount above = all;  // of cut.least
  sum = all.mass;
  if (rules.top_k > 0 && Word(rules.top_k) < all.count) {
    const auto reached = [&](const Amount& a) { return a.count >= Word(rules.top_k); };
    descend(weights, width, 0, all, reached, s, cut.least);
    above = s.above;
    cut.ties = Word(rules.top_k) - above.count;
    sum = above.mass + cut.ties * cut.least;
    __syncthreads();  // before s.above is used again
  }
  if (rules.top_p >= 1) return cut;
  const double enough = rules.top_p * double(sum);
  Word least = 0;
  Word mass = above.mass;
  const auto reached = [&](const Amount& a) { return double(a.mass) >= enough; };
  if (descend(weights, width, cut.least, above, reached, s, least)) {
    mass = s.above.mass;
    cut.least = least;
  }
  cut.ties = ties_for(mass, cut.least, enough);
  sum = mass + cut.ties * cut.least;
  return cut;
}

/// Narrows [s.begin, s.end) to the 32nd of it in which s.left falls.
__device__ void narrow_place(const Word* weights, Word least, Scratch& s) {
  const int part = int(threadIdx.x) / 32;
  const int64_t length = (s.end - s.begin + kParts - 1) / kParts, begin = s.begin + part * length;
  const int64_t end = begin + length < s.end ? begin + length : s.end;
  Word mass = 0, equal = 0;
  for (int64_t i = begin + threadIdx.x % 32; i < end; i += 32) {
    if (weights[i] > least) mass += weights[i];
    if (weights[i] == least) ++equal;
  }
  for (int step = 16; step > 0; step /= 2) {
    mass += __shfl_xor_sync(0xffffffffu, mass, step);
    equal += __shfl_xor_sync(0xffffffffu, equal, step);
  }
  if (threadIdx.x % 32 == 0) {
    s.part_mass[part] = mass;
    s.part_equal[part] = equal;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    int at = 0;
    for (; at < kParts; ++at) {
      const Word ties = s.part_equal[at] < s.ties ? s.part_equal[at] : s.ties, here = s.part_mass[at] + ties * least;
      if (s.left < here) break;
      s.left -= here;
      s.ties -= ties;
    }
    s.begin += at * length;
    s.end = s.begin + length < s.end ? s.begin + length : s.end;
  }
  __syncthreads();
}

__device__ int64_t draw(const float* x, Word* weights, int64_t width, float top, const int64_t* draws,
                        const Rules& rules, Scratch& s) {
  Amount mine{0, 0};
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    const Word w = weight_of((double(x[i]) - double(top)) / rules.temperature);
    weights[i] = w;
    mine = {mine.count + (w > 0), mine.mass + w};
  }
  const Amount all{block_total(mine.count, s), block_total(mine.mass, s)};
  Word sum = 0;
  const Cut cut = cut_tail(weights, width, all, rules, s, sum);
  if (threadIdx.x == 0) {
    const Word odd = 2 * Word(philox_words(rules.seed, uint64_t(draws[0]), uint64_t(draws[1])).w[0]) + 1;
    s.left = (__umul64hi(odd, sum) << 31) | ((odd * sum) >> 33);
    s.ties = cut.ties;
    s.begin = 0;
    s.end = width;
  }
  __syncthreads();
  narrow_place(weights, cut.least, s);
  narrow_place(weights, cut.least, s);
  int64_t i = s.begin;
  if (threadIdx.x != 0) return i;
  for (Word left = s.left, ties = s.ties;; ++i) {
    Word here = weights[i] > cut.least ? weights[i] : 0;
    if (weights[i] == cut.least && ties > 0) {
      here = weights[i];
      --ties;
    }
    if (left < here) return i;
    left -= here;
  }
}

__global__ void sample_tokens(float* logits, int64_t stride, int64_t width, const int64_t* all_draws, uint8_t* all_used,
                              Word* all_weights, Rules rules, int32_t* ids) {
  __shared__ Scratch s;
  float* x = logits + int64_t(blockIdx.x) * stride;
  const int64_t* draws = all_draws + 3 * int64_t(blockIdx.x);
  uint8_t* used = all_used ? all_used + draws[2] * stride : nullptr;
  if (used)
    for (int64_t i = threadIdx.x; i < width; i += blockDim.x)
      if (used[i]) x[i] = float(x[i] > 0 ? double(x[i]) / rules.penalty : double(x[i]) * rules.penalty);
  __syncthreads();
  const Best best = best_of_row(x, width, s.best);
  int64_t id = best.place;
  if (best.value != best.value)
    id = -1 - best.place;
  else if (rules.sample)
    id = draw(x, all_weights + int64_t(blockIdx.x) * width, width, best.value, draws, rules, s);
  if (threadIdx.x != 0) return;
  ids[blockIdx.x] = int32_t(id);
  if (used && id >= 0) used[id] = 1;
}

}  // namespace

void run_cuda(const SampleTokens& o) {
  const Array draws = card_copy(o.draws);
  const Array weights = o.sample ? card_workspace({o.logits.dim(0), o.choices()}, DType::i64) : Array();
  const Rules rules{o.temperature, o.top_p, o.repetition_penalty, o.top_k, o.seed, o.sample};
  launch(o.kName, {.blocks = o.logits.dim(0), .threads = kSampleThreads}, sample_tokens, pointer<float>(o.logits),
         o.logits.dim(1), o.choices(), pointer<const int64_t>(draws),
         o.used.defined() ? pointer<uint8_t>(o.used) : nullptr, o.sample ? pointer<Word>(weights) : nullptr, rules,
         pointer<int32_t>(o.ids));
}

}  // namespace genesis::kernels
