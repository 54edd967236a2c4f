#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// The rows (last dimension, unit stride) of a strided array, numbered over its leading dimensions in order.
///   Leading dimensions that lie behind each other in memory are merged, so a contiguous array costs one
///   multiplication a row.
template <class T>
class Rows {
 public:
  explicit Rows(const Array& a) : base_(a.data<T>()) {
    for (int64_t i = a.ndim() - 2; i >= 0; --i) {
      const int64_t extent = a.dim(i), stride = a.strides()[size_t(i)];
      if (extent == 1) continue;
      if (dims_ > 0 && stride == extents_[dims_ - 1] * strides_[dims_ - 1]) {
        extents_[dims_ - 1] *= extent;
        continue;
      }
      GENESIS_CHECK(dims_ < kMaxDims, "shape ", to_string(a.shape()), " has more than ", kMaxDims,
                    " strided leading dimensions");
      extents_[dims_] = extent;
      strides_[dims_++] = stride;
    }
  }

  T* operator[](int64_t r) const {
    if (dims_ <= 1) return base_ + r * strides_[0];
    T* p = base_;
    for (int i = 0; i < dims_ - 1; ++i) {
      p += r % extents_[i] * strides_[i];
      r /= extents_[i];
    }
    return p + r * strides_[dims_ - 1];
  }

 private:
  static constexpr int kMaxDims = 6;
  T* base_;
  int dims_ = 0;
  int64_t extents_[kMaxDims] = {};  // innermost first
  int64_t strides_[kMaxDims] = {};
};

/// Rows of `width` elements a thread should take at least: less work than this costs more to hand out than to
/// do.
inline int64_t row_grain(int64_t width) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width)); }

}  // namespace genesis::kernels
