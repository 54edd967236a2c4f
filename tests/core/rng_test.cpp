#include "kernels/core/rng.h"

#include <gtest/gtest.h>

#include <cmath>

namespace genesis {
namespace {

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox(0, 0, 0), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox(~0ull, ~0ull, ~0ull),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox(0x299f31d0a4093822ull, 0x0370734413198a2eull, 0x85a308d3243f6a88ull),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, NormalsHaveTheRightMoments) {
  double sum = 0, squares = 0;
  const int pairs = 50000;
  for (int i = 0; i < pairs; ++i)
    for (double z : normal_pair({7, 3}, uint64_t(i))) sum += z, squares += z * z;
  EXPECT_NEAR(sum / (2 * pairs), 0.0, 0.02);
  EXPECT_NEAR(squares / (2 * pairs), 1.0, 0.03);
}

}  // namespace
}  // namespace genesis
