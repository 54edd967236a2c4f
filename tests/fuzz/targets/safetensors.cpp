// A whole safetensors file: its header, and every tensor the header promises. What the strict reader takes,
// the lenient one takes too, without a warning.
#include <cstring>

#include "models/safetensors/header.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(safetensors) {
  using namespace genesis::models;
  const auto loose = parse_safetensors_header(input, int64_t(input.size()), "fuzz", Strictness::lenient);
  const auto header = parse_safetensors_header(input, int64_t(input.size()), "fuzz");
  if (!loose.warnings.empty() || loose.tensors.size() != header.tensors.size()) __builtin_trap();
  uint64_t sum = 0;
  for (const auto& t : header.tensors) {
    const auto bytes = input.substr(size_t(header.data_begin + t.begin), size_t(t.end - t.begin));
    if (int64_t(bytes.size()) != t.end - t.begin) __builtin_trap();
    for (const char c : bytes) sum += uint8_t(c);
  }
  if (sum == ~uint64_t(0)) __builtin_trap();
}
