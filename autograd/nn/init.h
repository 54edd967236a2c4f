#pragma once
#include <string_view>

#include "autograd/tensor.h"

namespace genesis::nn::init {

/// Element i is a normal of its own, a pure function of (seed, name, i): the same for any number of ranks.
void normal_(const Tensor& t, double std, uint64_t seed, std::string_view name);
/// The same for a part of a tensor: row r of `part` holds elements first_element + r * stride, +1, ….
///   part [rows, columns] of any row stride, each row contiguous
void normal_part(const Array& part, int64_t first_element, int64_t stride, double std, uint64_t seed,
                 std::string_view name);
/// Every element = value.
void constant_(const Tensor& t, double value);
/// The stream number of a parameter's name (FNV-1a, 64 bit).
uint64_t stream_of_name(std::string_view name);

}  // namespace genesis::nn::init
