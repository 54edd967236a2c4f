#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "kernels/copy.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "tests/support/arrays.h"

namespace genesis::testing {

/// What a card computes in.
inline const std::vector<DType> kCardTypes = {DType::f32, DType::bf16, DType::f16};

/// Row lengths and row counts around every boundary the kernels have: lanes, warps, 8 elements a thread,
/// blocks.
inline const std::vector<Shape> kCardShapes = {{0, 5},   {1, 1},    {3, 31},    {2, 32},       {33, 33},
                                               {7, 256}, {5, 1031}, {130, 104}, {2, 3, 4, 17}, {600, 64}};

/// Skips, saying why, where there is no card.
class CardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!cuda::probe().usable) GTEST_SKIP() << "no GPU: " << cuda::probe().found;
  }
};

/// Makes the arrays of a case: once on the CPU in f32, once on the card in `dtype`, from the same numbers
/// (rounded to `dtype` on both).
class Maker {
 public:
  Maker(DType dtype, Device device) : dtype_(dtype), device_(device) {}
  Device device() const { return device_; }
  DType dtype() const { return device_ == Device::cpu ? DType::f32 : dtype_; }

  Array random(const Shape& shape, uint64_t stream, double scale = 1) const {
    return place(random_array(shape, DType::f32, stream, scale));
  }
  /// As random, in f32 on both.
  Array random_f32(const Shape& shape, uint64_t stream, double scale = 1) const {
    return on_device(random_array(shape, DType::f32, stream, scale), device_);
  }
  /// Rows that are `gap` elements longer than they look, beginning one element late: nothing is aligned.
  Array random_apart(Shape shape, uint64_t stream, int64_t gap = 3) const {
    const int64_t width = shape.back();
    shape.back() = width + gap;
    return random(shape, stream).slice(int64_t(shape.size()) - 1, 1, 1 + width);
  }
  Array empty(const Shape& shape) const { return Array::empty(shape, dtype(), device_); }
  Array empty_apart(Shape shape, int64_t gap = 3) const {
    const int64_t width = shape.back();
    shape.back() = width + gap;
    return empty(shape).slice(int64_t(shape.size()) - 1, 1, 1 + width);
  }
  Array floats(const Shape& shape) const { return Array::empty(shape, DType::f32, device_); }
  /// f32 numbers, rounded as the case is, on its device.
  Array place(const Array& values) const {
    const Array rounded = kernels::converted_copy(kernels::converted_copy(values, dtype_), DType::f32);
    return device_ == Device::cpu ? rounded : on_device(kernels::converted_copy(rounded, dtype_), device_);
  }

 private:
  DType dtype_;
  Device device_;
};

/// The f32 array of what is on a card.
inline Array read_back(const Array& a) { return on_device(kernels::contiguous(a), Device::cpu); }

struct CardTolerance {
  double f32, bf16, f16;
  double of(DType t) const { return t == DType::f32 ? f32 : t == DType::bf16 ? bf16 : f16; }
};
/// One formula per element, rounded once.
inline constexpr CardTolerance kPointwise{4e-6, 0.004, 0.0006};
/// Rounded once more in between.
inline constexpr CardTolerance kRoundedTwice{4e-6, 0.0082, 0.0012};
/// Products of rounded factors summed over hundreds of terms.
inline constexpr CardTolerance kProducts{2e-5, 0.02, 0.004};

/// Runs `fn` on the CPU in f32 and on the card in every dtype, and compares the arrays it returns.
inline void expect_as_on_cpu(const std::string& what, const CardTolerance& tolerance,
                             const std::function<std::vector<Array>(const Maker&)>& fn) {
  for (const DType t : kCardTypes) {
    const auto wanted = fn(Maker(t, Device::cpu)), got = fn(Maker(t, Device::cuda));
    ASSERT_EQ(got.size(), wanted.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].shape(), wanted[i].shape()) << what;
      expect_close(read_back(got[i]), values_of(wanted[i]), tolerance.of(t),
                   fmt::format("{}, output {}, on the card in {}", what, i, name_of(t)));
    }
  }
}

}  // namespace genesis::testing
