#include "kernels/binary.h"

#include <algorithm>

#include "kernels/contract.h"

namespace genesis::kernels {

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()));
  for (size_t i = 1; i <= out.size(); ++i) {
    const int64_t x = i <= a.size() ? a[a.size() - i] : 1, y = i <= b.size() ? b[b.size() - i] : 1;
    GENESIS_CHECK(x == y || x == 1 || y == 1, "shapes ", to_string(a), " and ", to_string(b),
                  " do not broadcast");
    out[out.size() - i] = x == 1 ? y : x;
  }
  return out;
}

void Binary::check() const {
  GENESIS_CHECK(a.defined() && b.defined(), kName, ": an input is undefined");
  expect_computed(kName, "a", a);
  expect_dtype(kName, "b", b, a.dtype());
  expect_dtype(kName, "y", y, a.dtype());
  expect_shape(kName, "y", y, broadcast_shape(a.shape(), b.shape()));
  expect_writable(kName, "y", y);
}

}  // namespace genesis::kernels
