#include "kernels/sample_tokens.h"

#include <algorithm>

#include "kernels/contract.h"

namespace genesis::kernels {

int64_t SampleTokens::choices() const { return usable > 0 ? std::min(usable, logits.dim(1)) : logits.dim(1); }

void SampleTokens::check() const {
  const auto expect = [&](const char* name, const Array& a, DType dtype) {
    expect_dtype(kName, name, a, dtype);
    expect_contiguous(kName, name, a);
  };
  expect("logits", logits, DType::f32);
  GENESIS_CHECK(logits.ndim() == 2 && logits.dim(1) > 0, kName, ": logits of shape ",
                to_string(logits.shape()));
  expect("ids", ids, DType::i32);
  expect_shape(kName, "ids", ids, {logits.dim(0)});
  expect("draws", draws, DType::i64);
  expect_shape(kName, "draws", draws, {logits.dim(0), 3});
  GENESIS_CHECK(draws.device() == Device::cpu, kName, ": draws are read on the host");
  GENESIS_CHECK(
      temperature > 0 && top_p > 0 && top_p <= 1 && repetition_penalty > 0 && top_k >= 0 && usable >= 0,
      kName, ": temperature ", temperature, ", top_p ", top_p, ", repetition_penalty ", repetition_penalty,
      ", top_k ", top_k, ", usable ", usable);
  if (!used.defined()) return;
  expect("used", used, DType::u8);
  expect_shape(kName, "used", used, {used.dim(0), logits.dim(1)});
  for (int64_t n = 0; n < draws.dim(0); ++n) {
    const int64_t row = draws.data<int64_t>()[3 * n + 2];
    GENESIS_CHECK(0 <= row && row < used.dim(0), kName, ": text ", n, " is row ", row, " of ", used.dim(0));
  }
}

}  // namespace genesis::kernels
