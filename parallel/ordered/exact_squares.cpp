#include "parallel/ordered/exact_squares.h"

#include <cmath>

#include "kernels/core/parallel_for.h"

namespace genesis::parallel {
namespace {

constexpr int64_t kBlock = 1 << 14;
constexpr int kLanes = 8;

/// A sum and what its roundings lost.
struct Sum {
  double high = 0, low = 0;
  void add(double x) {
    const double s = high + x, t = s - high;
    low += (high - (s - t)) + (x - t);
    high = s;
  }
  void add(const Sum& o) {
    add(o.high);
    low += o.low;
  }
  double value() const { return std::isfinite(high) ? high + low : high; }
};

template <class T>
Sum squares_of(const T* x, int64_t n) {
  double high[kLanes] = {}, low[kLanes] = {};  // [kLanes]
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
#pragma omp simd
    for (int l = 0; l < kLanes; ++l) {
      const double v = double(x[i + l]) * double(x[i + l]);
      const double s = high[l] + v, t = s - high[l];
      low[l] += (high[l] - (s - t)) + (v - t);
      high[l] = s;
    }
  Sum total;
  for (int l = 0; l < kLanes; ++l) total.add({high[l], low[l]});
  for (; i < n; ++i) total.add(double(x[i]) * double(x[i]));
  return total;
}

Sum squares_of(const Array& a) {
  const int64_t blocks = (a.numel() + kBlock - 1) / kBlock;
  std::vector<Sum> partial(size_t(blocks), Sum{});  // [blocks]
  parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t at = b * kBlock, n = std::min(kBlock, a.numel() - at);
      partial[size_t(b)] = a.dtype() == DType::f64 ? squares_of(a.data<double>() + at, n)
                                                   : squares_of(a.data<float>() + at, n);
    }
  });
  Sum total;
  for (const Sum& s : partial) total.add(s);
  return total;
}

}  // namespace

std::vector<double> exact_squares(std::span<const std::pair<size_t, Array>> slices, size_t parameters,
                                  Communicator* group) {
  std::vector<Sum> own(parameters);  // [parameters]
  for (const auto& [parameter, array] : slices) own[parameter].add(squares_of(array));
  std::vector<double> squares;
  if (!group) {
    for (const Sum& s : own) squares.push_back(s.value());
    return squares;
  }
  const int64_t width = 2 * int64_t(parameters);
  const Array all = Array::zeros({group->size() * width}, DType::f64);
  const Array mine = all.slice(0, group->rank() * width, (group->rank() + 1) * width);
  for (size_t i = 0; i < parameters; ++i) {
    mine.data<double>()[2 * i] = own[i].high;
    mine.data<double>()[2 * i + 1] = own[i].low;
  }
  group->all_gather(mine, all);
  for (size_t i = 0; i < parameters; ++i) {
    Sum total;
    for (int r = 0; r < group->size(); ++r) {
      const double* at = all.data<double>() + r * width + 2 * int64_t(i);
      total.add({at[0], at[1]});
    }
    squares.push_back(total.value());
  }
  return squares;
}

}  // namespace genesis::parallel
