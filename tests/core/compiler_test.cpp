#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace genesis {
namespace {

[[gnu::noinline]] void store_constant(int64_t* to) {
  const int64_t constant[4] = {5, 5, 0, 0};
  std::memcpy(to, constant, sizeof constant);
}

// gcc 12.2 with AVX-512 makes {5, 5, 5, 5} of it unless told how to move bytes (cmake/toolchain.cmake).
TEST(Compiler, StoresAConstantWithTrailingZeros) {
  int64_t stored[4];
  store_constant(stored);
  EXPECT_EQ(stored[2], 0);
  EXPECT_EQ(stored[3], 0);
  const std::vector<int64_t> shape{7, 7, 0, 0};
  int64_t sum = 0;
  for (int64_t extent : shape) sum += extent;
  EXPECT_EQ(sum, 14);
}

}  // namespace
}  // namespace genesis
