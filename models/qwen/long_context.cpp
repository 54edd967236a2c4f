#include "models/qwen/long_context.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace genesis::models {

double dynamic_ntk_alpha(int64_t n, int64_t seq_length) {
  double power = 1;  // the least power of two with n <= power * S; no logarithm, so nothing is rounded
  while (double(n) > power * double(seq_length)) power *= 2;
  return power == 1 ? 1.0 : 2 * power - 1;
}

void RotaryTables::ensure(const std::vector<double>& alphas, int64_t length) {
  bool grow = length > length_;
  for (const double a : alphas) {
    if (std::find(alphas_.begin(), alphas_.end(), a) != alphas_.end()) continue;
    alphas_.push_back(a);
    grow = true;
  }
  if (!grow) return;
  length_ = std::max(length_, int64_t(std::bit_ceil(uint64_t(length))));
  const int64_t half = head_dim_ / 2, bytes = length_ * half * size_of(dtype_);
  cos_ = Array::empty({int64_t(alphas_.size()) * length_, half}, dtype_);
  sin_ = Array::empty(cos_.shape(), dtype_);
  for (size_t i = 0; i < alphas_.size(); ++i) {
    kernels::RopeTable table(head_dim_, base_, dtype_, alphas_[i]);
    table.ensure(length_);
    std::memcpy(static_cast<char*>(cos_.raw()) + int64_t(i) * bytes, table.cos().raw(), size_t(bytes));
    std::memcpy(static_cast<char*>(sin_.raw()) + int64_t(i) * bytes, table.sin().raw(), size_t(bytes));
  }
}

int64_t RotaryTables::row(double alpha, int64_t position) const {
  const auto it = std::find(alphas_.begin(), alphas_.end(), alpha);
  GENESIS_INVARIANT(it != alphas_.end() && position < length_, "no rotary row for factor ", alpha,
                    ", position ", position);
  return (it - alphas_.begin()) * length_ + position;
}

}  // namespace genesis::models
