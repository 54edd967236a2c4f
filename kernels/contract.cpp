#include "kernels/contract.h"

#include <algorithm>

namespace genesis::kernels {

void expect_shape(std::string_view op, std::string_view name, const Array& a, const Shape& wanted) {
  GENESIS_CHECK(a.defined(), op, ": ", name, " is undefined");
  GENESIS_CHECK(a.shape() == wanted, op, ": ", name, " has shape ", to_string(a.shape()), ", expected ",
                to_string(wanted));
}

void expect_dtype(std::string_view op, std::string_view name, const Array& a, DType wanted) {
  expect_dtype_in(op, name, a, {wanted});
}

void expect_dtype_in(std::string_view op, std::string_view name, const Array& a,
                     std::initializer_list<DType> wanted) {
  GENESIS_CHECK(a.defined(), op, ": ", name, " is undefined");
  if (std::find(wanted.begin(), wanted.end(), a.dtype()) != wanted.end()) return;
  std::string list;
  for (DType t : wanted) list += (list.empty() ? "" : " or ") + std::string(name_of(t));
  GENESIS_CHECK(false, op, ": ", name, " holds ", name_of(a.dtype()), ", expected ", list);
}

void expect_computed(std::string_view op, std::string_view name, const Array& a) {
  GENESIS_CHECK(a.defined(), op, ": ", name, " is undefined");
  if (a.device() == Device::cpu) return expect_dtype_in(op, name, a, {DType::f64, DType::f32, DType::bf16});
  expect_dtype_in(op, name, a, {DType::f32, DType::bf16, DType::f16});
}

void expect_rows(std::string_view op, std::string_view name, const Array& a, int64_t dims) {
  GENESIS_CHECK(a.defined(), op, ": ", name, " is undefined");
  GENESIS_CHECK(a.ndim() >= dims, op, ": ", name, " has shape ", to_string(a.shape()), ", expected at least ",
                dims, " dimensions");
  GENESIS_CHECK(a.dim(-1) <= 1 || a.strides().back() == 1 || a.numel() == 0, op, ": the rows of ", name,
                " have stride ", a.strides().back(), ", expected 1");
}

void expect_contiguous(std::string_view op, std::string_view name, const Array& a) {
  GENESIS_CHECK(a.defined(), op, ": ", name, " is undefined");
  GENESIS_CHECK(a.is_contiguous(), op, ": ", name, " of shape ", to_string(a.shape()), " is not contiguous");
}

void expect_writable(std::string_view op, std::string_view name, const Array& a) {
  GENESIS_CHECK(a.defined(), op, ": ", name, " is undefined");
  for (int64_t i = 0; i < a.ndim(); ++i)
    GENESIS_CHECK(a.dim(i) <= 1 || a.strides()[size_t(i)] != 0 || a.numel() == 0, op, ": ", name,
                  " is written to but repeats along dimension ", i);
}

void expect_heads(std::string_view op, std::string_view name, const Array& a, DType dtype, int64_t rows,
                  int64_t heads, int64_t d) {
  expect_shape(op, name, a, {rows, heads, d});
  expect_dtype(op, name, a, dtype);
  expect_rows(op, name, a, 3);
  GENESIS_CHECK(heads <= 1 || a.numel() == 0 || a.strides()[1] == d, op, ": heads of ", name, " are ",
                a.strides()[1], " elements apart, expected ", d);
}

Shape leading_shape(const Shape& shape) {
  GENESIS_CHECK(!shape.empty(), "a scalar has no last dimension");
  return {shape.begin(), shape.end() - 1};
}

}  // namespace genesis::kernels
