#include "kernels/owner_sums.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void OwnerSums::check() const {
  expect_dtype_in(kName, "values", values, {DType::f64, DType::f32});
  expect_shape(kName, "values", values, {values.numel()});
  expect_contiguous(kName, "values", values);
  expect_dtype(kName, "owners", owners, DType::i64);
  expect_shape(kName, "owners", owners, values.shape());
  expect_contiguous(kName, "owners", owners);
  expect_dtype(kName, "sums", sums, DType::f64);
  expect_shape(kName, "sums", sums, {sums.numel()});
  expect_contiguous(kName, "sums", sums);
  GENESIS_CHECK(owners.device() == Device::cpu, kName, ": owners are read on the host");
  for (int64_t i = 0; i < owners.numel(); ++i) {
    const int64_t owner = owners.data<int64_t>()[i];
    GENESIS_CHECK(0 <= owner && owner < sums.numel(), kName, ": value ", i, " belongs to ", owner, " of ",
                  sums.numel());
  }
}

}  // namespace genesis::kernels
