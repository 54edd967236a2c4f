#pragma once
#include <cmath>
#include <vector>

#include "kernels/core/array.h"
#include "tests/support/random_array.h"

namespace genesis::testing {

/// A varlen attention problem and its answer by the plain formula in f64, loops over single elements.
struct AttentionCase {
  std::vector<int> q_lengths, k_lengths;
  int64_t heads, kv_heads, d;
  int64_t gap = 0;  ///< unused key rows between the sequences, as in a cache

  int64_t queries() const { return sum(q_lengths); }
  int64_t keys() const { return sum(k_lengths) + gap * int64_t(k_lengths.size()); }
  Array cu_q() const {
    std::vector<int32_t> cu{0};
    for (int n : q_lengths) cu.push_back(cu.back() + n);
    return Array::from(cu, {int64_t(cu.size())});
  }
  Array k_begin() const {
    std::vector<int32_t> begin;
    int32_t at = 0;
    for (int n : k_lengths) begin.push_back(at), at += n + int32_t(gap);
    return Array::from(begin, {int64_t(begin.size())});
  }
  Array k_length() const {
    return Array::from(std::vector<int32_t>(k_lengths.begin(), k_lengths.end()), {int64_t(k_lengths.size())});
  }

 private:
  static int64_t sum(const std::vector<int>& v) {
    int64_t total = 0;
    for (int n : v) total += n;
    return total;
  }
};

struct AttentionAnswer {
  std::vector<double> out, lse, dq, dk, dv;
};

/// Inputs in row-major order: q, dout [N, A, d]; k, v [M, K, d]; dout may be empty.
inline AttentionAnswer attention_reference(const AttentionCase& c, const std::vector<double>& q,
                                           const std::vector<double>& k, const std::vector<double>& v,
                                           const std::vector<double>& dout) {
  AttentionAnswer answer{std::vector<double>(q.size()), std::vector<double>(size_t(c.heads * c.queries())),
                         std::vector<double>(q.size()), std::vector<double>(k.size()),
                         std::vector<double>(v.size())};
  const double scale = 1 / std::sqrt(double(c.d));
  const auto q_at = [&](int64_t n, int64_t a, int64_t x) { return size_t((n * c.heads + a) * c.d + x); };
  const auto k_at = [&](int64_t m, int64_t g, int64_t x) { return size_t((m * c.kv_heads + g) * c.d + x); };
  int64_t q0 = 0, k0 = 0;
  for (size_t s = 0; s < c.q_lengths.size(); ++s) {
    for (int64_t a = 0; a < c.heads; ++a)
      for (int64_t i = 0; i < c.q_lengths[s]; ++i) {
        const int64_t g = a * c.kv_heads / c.heads, n = q0 + i,
                      seen = c.k_lengths[s] - c.q_lengths[s] + i + 1;
        std::vector<double> p(size_t(seen), 0.0), dp(size_t(seen), 0.0);
        double top = -HUGE_VAL, total = 0, delta = 0;
        for (int64_t m = 0; m < seen; ++m) {
          for (int64_t x = 0; x < c.d; ++x) p[size_t(m)] += scale * q[q_at(n, a, x)] * k[k_at(k0 + m, g, x)];
          top = std::max(top, p[size_t(m)]);
        }
        for (double& score : p) total += score = std::exp(score - top);
        answer.lse[size_t(a * c.queries() + n)] = top + std::log(total);
        for (int64_t m = 0; m < seen; ++m) {
          p[size_t(m)] /= total;
          for (int64_t x = 0; x < c.d; ++x) answer.out[q_at(n, a, x)] += p[size_t(m)] * v[k_at(k0 + m, g, x)];
        }
        if (dout.empty()) continue;
        for (int64_t m = 0; m < seen; ++m) {
          for (int64_t x = 0; x < c.d; ++x) dp[size_t(m)] += dout[q_at(n, a, x)] * v[k_at(k0 + m, g, x)];
          delta += p[size_t(m)] * dp[size_t(m)];
        }
        for (int64_t m = 0; m < seen; ++m)
          for (int64_t x = 0; x < c.d; ++x) {
            const double ds = scale * p[size_t(m)] * (dp[size_t(m)] - delta);
            answer.dq[q_at(n, a, x)] += ds * k[k_at(k0 + m, g, x)];
            answer.dk[k_at(k0 + m, g, x)] += ds * q[q_at(n, a, x)];
            answer.dv[k_at(k0 + m, g, x)] += p[size_t(m)] * dout[q_at(n, a, x)];
          }
      }
    q0 += c.q_lengths[s];
    k0 += c.k_lengths[s] + c.gap;
  }
  return answer;
}

/// Shapes every attention test runs: one and several sequences, tails around the 64-wide tiles, GQA, odd head
/// sizes.
inline const std::vector<AttentionCase> kAttentionCases = {
    {{}, {}, 2, 2, 16},
    {{0, 3}, {0, 3}, 2, 2, 16},
    {{1}, {1}, 1, 1, 2},
    {{5}, {5}, 2, 1, 10},
    {{31, 32, 33}, {31, 32, 33}, 2, 2, 14},
    {{63, 1, 65}, {63, 1, 65}, 4, 2, 20},
    {{64, 128}, {64, 128}, 2, 2, 64},
    {{200}, {200}, 2, 1, 32},
    {{97, 6}, {97, 6}, 3, 1, 96},
    {{70}, {70}, 1, 1, 80},
    {{66}, {66}, 2, 1, 128},
    {{67, 129}, {100, 300}, 2, 2, 16, 3},  // a chunk of a prompt against a cache
};
inline const std::vector<AttentionCase> kDecodeCases = {
    {{1, 1, 1}, {1, 33, 200}, 4, 2, 64, 5},
    {{4, 2}, {130, 2}, 4, 1, 10, 1},
    {{1, 70, 3}, {64, 70, 65}, 2, 2, 128, 0},
};

}  // namespace genesis::testing
