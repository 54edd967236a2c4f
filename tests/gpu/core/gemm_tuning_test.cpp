// The part of product tuning that needs no card.
#include "kernels/cuda/gemm_tuning.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_folder.h"

namespace genesis::kernels::cuda {
namespace {

using namespace genesis::testing;

TEST(TuningCache, RemembersOverRuns) {
  const TempFolder folder;
  const auto file = folder / "gemm.txt";
  const AlgorithmBits bits{1, 2, 3, 0xffffffffffffffff, 5, 6, 7, 8};
  {
    TuningCache cache(file);
    EXPECT_FALSE(cache.find("8x8x8"));
    cache.add("8x8x8 bf16>f32 TN", bits);
    cache.add("other", {});
  }
  const TuningCache again(file);
  EXPECT_EQ(again.size(), 2u);
  EXPECT_EQ(again.find("8x8x8 bf16>f32 TN"), bits);
}

TEST(TuningCache, ALineThatCannotBeReadIsMeasuredAgain) {
  const TempFolder folder;
  const auto file =
      folder.write("gemm.txt",
                   "short = 0000000000000001\n"
                   "letters = zzzzzzzzzzzzzzzz 0000000000000002 0000000000000003 0000000000000004 "
                   "0000000000000005 0000000000000006 0000000000000007 0000000000000008\n"
                   "no equals sign\n"
                   "good = 0000000000000001 0000000000000002 0000000000000003 0000000000000004 "
                   "0000000000000005 0000000000000006 0000000000000007 0000000000000008\n"
                   "cut off in the mid");
  const TuningCache cache(file);
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ((*cache.find("good"))[7], 8u);
}

TEST(TuningCache, AFolderThatCannotBeWrittenIsNoError) {
  TuningCache cache("/proc/genesis/gemm.txt");
  cache.add("a", {});
  EXPECT_TRUE(cache.find("a"));
}

TEST(TuningBucket, FourSizesAPowerOfTwo) {
  EXPECT_EQ(tuning_bucket(1), 1);
  EXPECT_EQ(tuning_bucket(16), 16);
  EXPECT_EQ(tuning_bucket(17), 20);
  EXPECT_EQ(tuning_bucket(2048), 2048);
  EXPECT_EQ(tuning_bucket(2049), 2560);
  for (int64_t n = 1; n < 5000; ++n) {
    EXPECT_GE(tuning_bucket(n), n);
    EXPECT_LE(tuning_bucket(n), n + n / 4 + 1);
    EXPECT_EQ(tuning_bucket(tuning_bucket(n)), tuning_bucket(n)) << n;
  }
}

}  // namespace
}  // namespace genesis::kernels::cuda
