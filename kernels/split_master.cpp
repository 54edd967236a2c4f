#include "kernels/split_master.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

void check_master(const char* op, const Array& master, const SplitArrays& split) {
  expect_dtype(op, "master", master, DType::f32);
  expect_contiguous(op, "master", master);
  split.check(op, master.numel());
}

}  // namespace

void SplitArrays::check(const char* op, int64_t elements) const {
  expect_shape(op, "weight", weight, {elements});
  expect_dtype(op, "weight", weight, DType::bf16);
  expect_shape(op, "remainder", remainder, {elements, 2});
  expect_dtype(op, "remainder", remainder, DType::u8);
  expect_shape(op, "second moment", second_moment, {elements});
  expect_dtype(op, "second moment", second_moment, DType::f32);
  for (const Array* a : {&weight, &remainder, &second_moment}) expect_contiguous(op, "part of a master", *a);
}

void SplitMaster::check() const { check_master(kName, master, into); }
void JoinMaster::check() const { check_master(kName, master, from); }

}  // namespace genesis::kernels
