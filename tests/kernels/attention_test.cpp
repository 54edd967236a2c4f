#include "kernels/attention.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "tests/support/attention_reference.h"

namespace genesis::kernels {
namespace {

using testing::attention_reference;
using testing::AttentionCase;
using testing::random_array;
using testing::values_of;
using testing::worst_error;

/// |error| / (1 + |value|) for standard normal inputs. f32: sums of up to 300 products of size 1 and an
/// exponential of 2 ulp; bf16: probabilities and results rounded to 2^-9, gradients summed over up to 300
/// such terms.
double tolerance(DType t) { return t == DType::f64 ? 1e-13 : t == DType::f32 ? 4e-6 : 2e-2; }

/// q, k, v as views of one fused buffer where the lengths allow it (training), else arrays of their own.
struct Inputs {
  Array q, k, v, dout;
  Inputs(const AttentionCase& c, DType t) {
    const int64_t wide = (c.heads + 2 * c.kv_heads) * c.d;
    if (c.queries() == c.keys()) {
      const Array fused = random_array({c.queries(), wide + 4}, t, 1);
      const auto heads = [&](int64_t first, int64_t n) {
        return fused.as_strided({c.queries(), n, c.d}, {wide + 4, c.d, 1}, first * c.d);
      };
      q = heads(0, c.heads), k = heads(c.heads, c.kv_heads), v = heads(c.heads + c.kv_heads, c.kv_heads);
    } else {
      q = random_array({c.queries(), c.heads, c.d}, t, 2);
      k = random_array({c.keys(), c.kv_heads, c.d}, t, 3),
      v = random_array({c.keys(), c.kv_heads, c.d}, t, 4);
    }
    dout = random_array({c.queries(), c.heads, c.d}, t, 5);
  }
};

struct Outputs {
  Array out, lse, dq, dk, dv;
};

Outputs forward(const AttentionCase& c, const Inputs& in) {
  const DType t = in.q.dtype();
  Outputs o;
  o.out = Array::empty({c.queries(), c.heads, c.d}, t);
  o.lse = Array::empty({c.heads, c.queries()}, t == DType::f64 ? t : DType::f32);
  run(AttentionForward{.q = in.q,
                       .k = in.k,
                       .v = in.v,
                       .cu_q = c.cu_q(),
                       .k_begin = c.k_begin(),
                       .k_length = c.k_length(),
                       .out = o.out,
                       .lse = o.lse});
  return o;
}

void backward(const AttentionCase& c, const Inputs& in, Outputs& o) {
  const DType t = in.q.dtype();
  const int64_t wide = (c.heads + 2 * c.kv_heads) * c.d;
  if (c.queries() == c.keys()) {  // views of one fused gradient
    const Array fused = Array::full({c.queries(), wide}, 9, t);
    const auto heads = [&](int64_t first, int64_t n) {
      return fused.as_strided({c.queries(), n, c.d}, {wide, c.d, 1}, first * c.d);
    };
    o.dq = heads(0, c.heads), o.dk = heads(c.heads, c.kv_heads),
    o.dv = heads(c.heads + c.kv_heads, c.kv_heads);
  } else {
    o.dq = Array::full(in.q.shape(), 9, t);
    o.dk = Array::zeros(in.k.shape(), t), o.dv = Array::zeros(in.v.shape(), t);
  }
  run(AttentionBackward{.dout = in.dout,
                        .q = in.q,
                        .k = in.k,
                        .v = in.v,
                        .out = o.out,
                        .lse = o.lse,
                        .cu_q = c.cu_q(),
                        .k_begin = c.k_begin(),
                        .k_length = c.k_length(),
                        .dq = o.dq,
                        .dk = o.dk,
                        .dv = o.dv});
}

class Threads {
 public:
  explicit Threads(int n) : before_(omp_get_max_threads()) { omp_set_num_threads(n); }
  ~Threads() { omp_set_num_threads(before_); }

 private:
  int before_;
};

TEST(Attention, ForwardAndBackwardEqualTheFormula) {
  for (DType t : {DType::f64, DType::f32, DType::bf16})
    for (int threads : {1, 3})
      for (const AttentionCase& c : testing::kAttentionCases) {
        const Threads scope(threads);
        const Inputs in(c, t);
        const auto wanted =
            attention_reference(c, values_of(in.q), values_of(in.k), values_of(in.v), values_of(in.dout));
        Outputs o = forward(c, in);
        backward(c, in, o);
        const std::string what =
            std::string(name_of(t)) + " q " + to_string(in.q.shape()) + " k " + to_string(in.k.shape());
        EXPECT_LE(worst_error(values_of(o.out), wanted.out, 1), tolerance(t)) << what;
        EXPECT_LE(worst_error(values_of(o.lse), wanted.lse, 1), t == DType::f64 ? 1e-13 : 4e-6) << what;
        EXPECT_LE(worst_error(values_of(o.dq), wanted.dq, 1), tolerance(t)) << what;
        EXPECT_LE(worst_error(values_of(o.dk), wanted.dk, 1), tolerance(t)) << what;
        EXPECT_LE(worst_error(values_of(o.dv), wanted.dv, 1), tolerance(t)) << what;
      }
}

TEST(Attention, DecodeStepsReadTheCacheInPlace) {
  for (DType t : {DType::f64, DType::f32, DType::bf16})
    for (const AttentionCase& c : testing::kDecodeCases) {
      const Inputs in(c, t);
      const auto wanted = attention_reference(c, values_of(in.q), values_of(in.k), values_of(in.v), {});
      const Outputs o = forward(c, in);
      EXPECT_LE(worst_error(values_of(o.out), wanted.out, 1), tolerance(t));
      EXPECT_LE(worst_error(values_of(o.lse), wanted.lse, 1), t == DType::f64 ? 1e-13 : 4e-6);
    }
}

TEST(Attention, SameBitsWhateverTheThreadCount) {
  const AttentionCase c{{300, 40}, {300, 40}, 4, 2, 20};
  for (DType t : {DType::f32, DType::bf16}) {
    const Inputs in(c, t);
    std::vector<std::vector<double>> first;
    for (int threads : {1, 2, 4, 16}) {
      const Threads scope(threads);
      Outputs o = forward(c, in);
      backward(c, in, o);
      std::vector<std::vector<double>> now;
      for (const Array& a : {o.out, o.lse, o.dq, o.dk, o.dv}) now.push_back(values_of(a));
      if (first.empty()) first = now;
      EXPECT_EQ(now, first) << threads << " threads, " << name_of(t);
    }
  }
}

TEST(Attention, LargeScoresStayFiniteAndExact) {
  const AttentionCase c{{130}, {130}, 1, 1, 16};
  Inputs in(c, DType::f32);
  in.q = random_array({130, 1, 16}, DType::f32, 1, 100),
  in.k = random_array({130, 1, 16}, DType::f32, 2, 100);
  Outputs o = forward(c, in);
  backward(c, in, o);
  const auto wanted = attention_reference(c, values_of(in.q), values_of(in.k), values_of(in.v), {});
  EXPECT_LE(worst_error(values_of(o.out), wanted.out, 1), 5e-2);  // scores of 1e5 carry 1e-2 of rounding
  for (const Array& a : {o.out, o.lse, o.dq, o.dk, o.dv})
    for (double x : values_of(a)) ASSERT_TRUE(std::isfinite(x));
}

TEST(Attention, NanIsNotLost) {
  const AttentionCase c{{70}, {70}, 1, 1, 16};
  Inputs in(c, DType::f32);
  in.q = random_array({70, 1, 16}, DType::f32, 1);
  in.q.data<float>()[66 * 16] = NAN;
  const auto out = values_of(forward(c, in).out);
  EXPECT_TRUE(std::isnan(out[66 * 16]));
  EXPECT_TRUE(std::isfinite(out[65 * 16]));
}

TEST(Attention, ErrorsNameTheSequence) {
  const AttentionCase c{{4, 8}, {4, 8}, 2, 1, 16};
  const Inputs in(c, DType::f32);
  const auto with = [&](std::vector<int32_t> cu, std::vector<int32_t> begin, std::vector<int32_t> length,
                        Array q) {
    run(AttentionForward{.q = q,
                         .k = in.k,
                         .v = in.v,
                         .cu_q = Array::from(cu, {int64_t(cu.size())}),
                         .k_begin = Array::from(begin, {int64_t(begin.size())}),
                         .k_length = Array::from(length, {int64_t(length.size())}),
                         .out = Array::empty(in.dout.shape(), DType::f32)});
  };
  EXPECT_NO_THROW(with({0, 4, 12}, {0, 4}, {4, 8}, in.q));
  EXPECT_THROW(with({0, 4, 11}, {0, 4}, {4, 8}, in.q), Error);
  EXPECT_THROW(with({0, 13, 12}, {0, 4}, {4, 8}, in.q), Error);
  EXPECT_THROW(with({0, 4, 12}, {0, 5}, {4, 8}, in.q), Error);
  EXPECT_THROW(with({0, 4, 12}, {0}, {4}, in.q), Error);
  EXPECT_THROW(with({0, 4, 12}, {0, 4}, {4, 8}, in.q.transpose(0, 1)), Error);
  EXPECT_THROW(with({0, 4, 12}, {0, 4}, {4, 8}, Array::zeros(in.q.shape(), DType::bf16)), Error);
  try {
    with({0, 4, 12}, {0, 4}, {4, 7}, in.q);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("sequence 1 has 8 queries and only 7 keys"), std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace genesis::kernels
