#include "kernels/embedding.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

void expect_ids(const char* op, const Array& ids) {
  expect_dtype(op, "ids", ids, DType::i32);
  expect_contiguous(op, "ids", ids);
}

Shape with_width(Shape shape, int64_t width) {
  shape.push_back(width);
  return shape;
}

}  // namespace

void EmbeddingForward::check() const {
  expect_ids(kName, ids);
  expect_computed(kName, "weight", weight);
  GENESIS_CHECK(weight.ndim() == 2, kName, ": weight has shape ", to_string(weight.shape()),
                ", expected [V, H]");
  expect_contiguous(kName, "weight", weight);
  expect_shape(kName, "y", y, with_width(ids.shape(), weight.dim(1)));
  expect_contiguous(kName, "y", y);
  if (weight.dtype() == DType::f32) return expect_computed(kName, "y", y);
  expect_dtype(kName, "y", y, weight.dtype());
}

void EmbeddingBackward::check() const {
  expect_ids(kName, ids);
  expect_computed(kName, "dy", dy);
  GENESIS_CHECK(dweight.defined() && dweight.ndim() == 2, kName, ": dweight is not a [V, H] array");
  expect_contiguous(kName, "dweight", dweight);
  expect_dtype_in(kName, "dweight", dweight, {dy.dtype(), accumulate_dtype(dy.dtype())});
  expect_shape(kName, "dy", dy, with_width(ids.shape(), dweight.dim(1)));
  expect_contiguous(kName, "dy", dy);
}

}  // namespace genesis::kernels
