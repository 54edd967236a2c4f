#include "data/batch/batch_loader.h"

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "tests/support/error_message.h"
#include "tests/support/sample_lengths.h"

namespace genesis::data {
namespace {

class BatchLoaderTest : public ::testing::TestWithParam<int64_t> {
 protected:
  MemoryStore samples_ = testing::samples_of_lengths({3, 9, 4, 17, 5, 8, 2, 11, 6, 7, 3, 12, 4});
  SampleRows rows_ = SampleRows::one_each(samples_);
  SampleOrder order_{samples_.size(), 5};
  StepPlan plan_{rows_, order_, {.micro_batch_size = 2, .accumulation = 3, .ranks = 2}, /*end=*/40};
};

TEST_P(BatchLoaderTest, GivesThePlansBatchesInOrderAndAfterJumps) {
  for (int64_t rank : {0, 1}) {
    BatchLoader batches(samples_, plan_, {.rank = rank, .ahead = GetParam()});
    for (int64_t start : {0, 12, 0, 36, 24})
      for (int64_t step = 0, at = start; step < 2; ++step, at = plan_.next(at))
        for (int64_t micro = 0; micro < 3; ++micro) {
          const Batch got = batches.take(at, micro);
          EXPECT_EQ(got.samples, plan_.samples(at, micro, rank)) << start << " " << at << " " << micro;
          EXPECT_EQ(got.input_ids, build_batch(samples_, got.samples).input_ids);
        }
  }
}

TEST_P(BatchLoaderTest, HandsErrorsToWhoeverAsks) {
  BatchLoader batches(samples_, plan_, {.rank = 0, .ahead = GetParam()});
  EXPECT_NE(testing::message_of<Error>([&] { batches.take(0, 7); }).find("micro-step 7 of 3"),
            std::string::npos);
  EXPECT_EQ(batches.take(0, 0).samples, plan_.samples(0, 0, 0));
}

TEST_P(BatchLoaderTest, MayEndWithBatchesNobodyTook) {
  for (int i = 0; i < 20; ++i) {
    BatchLoader batches(samples_, plan_, {.rank = 0, .ahead = GetParam()});
    if (i % 2) batches.take(0, 0);
    EXPECT_GE(batches.wait_seconds(), 0.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Ahead, BatchLoaderTest, ::testing::Values(0, 1, 2, 7));

}  // namespace
}  // namespace genesis::data
