#include "kernels/reduce.h"

#include "kernels/contract.h"

namespace genesis::kernels {

std::vector<bool> reduced_dimensions(int64_t ndim, const Shape& dims) {
  std::vector<bool> reduced(size_t(ndim), false);
  for (int64_t d : dims) {
    const int64_t at = d < 0 ? d + ndim : d;
    GENESIS_CHECK(at >= 0 && at < ndim, "reduce: dimension ", d, " of an array with ", ndim, " dimensions");
    GENESIS_CHECK(!reduced[size_t(at)], "reduce: dimension ", d, " is named twice");
    reduced[size_t(at)] = true;
  }
  return reduced;
}

Shape reduced_shape(const Shape& shape, const Shape& dims, bool keep) {
  const auto reduced = reduced_dimensions(int64_t(shape.size()), dims);
  Shape out;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (!reduced[d]) out.push_back(shape[d]);
    if (reduced[d] && keep) out.push_back(1);
  }
  return out;
}

void Reduce::check() const {
  expect_computed(kName, "x", x);
  expect_dtype_in(kName, "y", y, {x.dtype(), accumulate_dtype(x.dtype())});
  expect_contiguous(kName, "y", y);
  const Shape kept = reduced_shape(x.shape(), dims, true), left = reduced_shape(x.shape(), dims, false);
  GENESIS_CHECK(y.shape() == kept || y.shape() == left, kName, ": y has shape ", to_string(y.shape()),
                ", expected ", to_string(kept), " or ", to_string(left));
  GENESIS_CHECK(kind != ReduceKind::max || x.numel() > 0 || y.numel() == 0, kName,
                ": the largest of nothing, shape ", to_string(x.shape()));
}

}  // namespace genesis::kernels
