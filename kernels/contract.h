#pragma once
#include <initializer_list>
#include <string_view>

#include "kernels/core/array.h"

namespace genesis::kernels {

/// What every contract checks, said once. Each throws genesis::Error that names operation, array, found and
/// wanted.
void expect_shape(std::string_view op, std::string_view name, const Array& a, const Shape& wanted);
void expect_dtype(std::string_view op, std::string_view name, const Array& a, DType wanted);
void expect_dtype_in(std::string_view op, std::string_view name, const Array& a,
                     std::initializer_list<DType> wanted);
/// A dtype that `a`'s device computes in: f64, f32, bf16 on the CPU; f32, bf16, f16 on a card.
void expect_computed(std::string_view op, std::string_view name, const Array& a);
/// At least `dims` dimensions, and the elements of the last one beside each other (leading strides are free).
void expect_rows(std::string_view op, std::string_view name, const Array& a, int64_t dims = 1);
void expect_contiguous(std::string_view op, std::string_view name, const Array& a);
/// No two elements of an output may share memory through a stride of 0.
void expect_writable(std::string_view op, std::string_view name, const Array& a);

/// [rows, heads, d] with elements and heads of a row beside each other; rows may be apart.
void expect_heads(std::string_view op, std::string_view name, const Array& a, DType dtype, int64_t rows,
                  int64_t heads, int64_t d);

/// The dtype sums over `t` are kept in: f64 for f64, else f32.
constexpr DType accumulate_dtype(DType t) { return t == DType::f64 ? DType::f64 : DType::f32; }

/// The shape without its last extent.
Shape leading_shape(const Shape& shape);

}  // namespace genesis::kernels
