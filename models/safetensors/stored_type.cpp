#include "models/safetensors/stored_type.h"

#include <array>

#include "kernels/core/check.h"

namespace genesis::models {
namespace {

constexpr std::array<StoredType, 22> kTypes{{
    {"BOOL", 8, {}},         {"F4", 4, {}},           {"F6_E2M3", 6, {}},        {"F6_E3M2", 6, {}},
    {"U8", 8, DType::u8},    {"I8", 8, {}},           {"F8_E5M2", 8, {}},        {"F8_E4M3", 8, {}},
    {"F8_E8M0", 8, {}},      {"F8_E4M3FNUZ", 8, {}},  {"F8_E5M2FNUZ", 8, {}},    {"I16", 16, {}},
    {"U16", 16, {}},         {"F16", 16, DType::f16}, {"BF16", 16, DType::bf16}, {"I32", 32, DType::i32},
    {"U32", 32, {}},         {"F32", 32, DType::f32}, {"C64", 64, {}},           {"F64", 64, DType::f64},
    {"I64", 64, DType::i64}, {"U64", 64, {}},
}};

}  // namespace

const StoredType* find_stored_type(std::string_view name) {
  for (const auto& t : kTypes) {
    if (t.name == name) return &t;
  }
  return nullptr;
}

const StoredType& stored_type_of(DType dtype) {
  for (const auto& t : kTypes) {
    if (t.dtype == dtype) return t;
  }
  GENESIS_INVARIANT(false, "dtype ", name_of(dtype), " has no safetensors name");
  return kTypes[0];
}

int alignment_rank(const StoredType& type) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i] == type) return int(i);
  }
  return -1;
}

}  // namespace genesis::models
