#include "kernels/index_select.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

/// `picked` is `whole` with extent index.numel() in dimension dim.
void check_pair(const char* op, const Array& whole, const Array& picked, const Array& index, int64_t dim) {
  GENESIS_CHECK(whole.defined() && dim >= 0 && dim < whole.ndim(), op, ": dimension ", dim, " of shape ",
                to_string(whole.shape()));
  expect_dtype_in(op, "index", index, {DType::i32, DType::i64});
  expect_contiguous(op, "index", index);
  Shape wanted = whole.shape();
  wanted[size_t(dim)] = index.numel();
  expect_shape(op, "the selection", picked, wanted);
  expect_dtype(op, "the selection", picked, whole.dtype());
  expect_contiguous(op, "the selection", picked);
  expect_contiguous(op, "the array selected from", whole);
}

}  // namespace

void IndexSelect::check() const { check_pair(kName, x, y, index, dim); }

void IndexAdd::check() const {
  check_pair(kName, dx, dy, index, dim);
  expect_computed(kName, "dx", dx);
}

}  // namespace genesis::kernels
