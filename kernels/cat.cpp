#include "kernels/cat.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void Cat::check() const {
  GENESIS_CHECK(!inputs.empty(), kName, ": no inputs");
  expect_writable(kName, "y", y);
  GENESIS_CHECK(dim >= 0 && dim < y.ndim(), kName, ": dimension ", dim, " of an array with ", y.ndim(),
                " dimensions");
  int64_t total = 0;
  for (const Array& a : inputs) {
    GENESIS_CHECK(a.defined() && a.ndim() == y.ndim(), kName,
                  ": inputs and y differ in their number of dimensions");
    Shape wanted = y.shape();
    wanted[size_t(dim)] = a.dim(dim);
    expect_shape(kName, "an input", a, wanted);
    expect_dtype(kName, "an input", a, y.dtype());
    total += a.dim(dim);
  }
  GENESIS_CHECK(total == y.dim(dim), kName, ": the inputs' extents of dimension ", dim, " add up to ", total,
                ", y has ", y.dim(dim));
}

}  // namespace genesis::kernels
