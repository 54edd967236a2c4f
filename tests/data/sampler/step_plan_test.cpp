#include "data/sampler/step_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "data/batch/batch.h"
#include "kernels/core/error.h"
#include "tests/support/error_message.h"
#include "tests/support/sample_lengths.h"

namespace genesis::data {
namespace {

class StepPlanTest : public ::testing::Test {
 protected:
  MemoryStore samples_ = testing::samples_of_lengths({3, 9, 4, 17, 5, 8, 2, 11, 6, 7, 3, 12, 4});
  SampleRows single_ = SampleRows::one_each(samples_);
  SampleRows packed_ = SampleRows::packed(samples_, 20, 5);

  /// All samples of one step in global order: micro-steps outside, ranks inside.
  static std::vector<int64_t> step(const StepPlan& plan, int64_t consumed) {
    std::vector<int64_t> all;
    for (int64_t micro = 0; micro < plan.shape().accumulation; ++micro)
      for (int64_t rank = 0; rank < plan.shape().ranks; ++rank)
        for (int64_t s : plan.samples(consumed, micro, rank)) all.push_back(s);
    return all;
  }
};

TEST_F(StepPlanTest, AnySplitCoversTheSameSamplesInTheSameOrder) {
  for (const SampleRows* rows : {&single_, &packed_}) {
    const SampleOrder order(rows->size(), 9);
    const int64_t end = 2 * rows->size();  // 26 rows in 4s, two epochs, a short last step
    const StepPlan reference(*rows, order, {4, 1, 1}, end);
    for (BatchShape shape : {BatchShape{1, 4, 1}, {1, 2, 2}, {1, 1, 4}, {2, 2, 1}, {2, 1, 2}}) {
      ASSERT_EQ(shape.global_batch_size(), 4);
      const StepPlan plan(*rows, order, shape, end);
      int64_t consumed = 0, steps = 0;
      for (; plan.totals(consumed).rows > 0; consumed = plan.next(consumed), ++steps) {
        EXPECT_EQ(step(plan, consumed), step(reference, consumed));
        EXPECT_EQ(plan.totals(consumed).supervised, reference.totals(consumed).supervised);
      }
      EXPECT_EQ(consumed, end);
      EXPECT_EQ(steps, plan.steps_left(0));
    }
  }
}

TEST_F(StepPlanTest, AnEpochSeesEverySampleOnce) {
  for (const SampleRows* rows : {&single_, &packed_}) {
    const SampleOrder order(rows->size(), 1);
    const StepPlan plan(*rows, order, {2, 1, 2}, rows->size());
    std::vector<int64_t> seen;
    for (int64_t at = 0; at < rows->size(); at = plan.next(at))
      for (int64_t s : step(plan, at)) seen.push_back(s);
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(int64_t(seen.size()), samples_.size());
    for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], int64_t(i));
  }
}

TEST_F(StepPlanTest, TotalsEqualWhatTheBatchesHold) {
  for (const SampleRows* rows : {&single_, &packed_}) {
    const SampleOrder order(rows->size(), 4);
    const StepPlan plan(*rows, order, {2, 2, 2}, 3 * rows->size());
    for (int64_t at = 0; plan.totals(at).rows > 0; at = plan.next(at)) {
      int64_t tokens = 0, supervised = 0;
      for (int64_t micro : {0, 1})
        for (int64_t rank : {0, 1}) {
          const Batch batch = build_batch(samples_, plan.samples(at, micro, rank));
          tokens += batch.tokens();
          supervised +=
              std::count_if(batch.targets.begin(), batch.targets.end(), [](int32_t t) { return t >= 0; });
        }
      EXPECT_EQ(plan.totals(at).tokens, tokens);
      EXPECT_EQ(plan.totals(at).supervised, supervised);
      EXPECT_GT(supervised, 0);
    }
  }
}

TEST_F(StepPlanTest, ResumesFromOneIntegerWithAnyOtherSplit) {
  const SampleOrder order(single_.size(), 2);
  const StepPlan four(single_, order, {2, 1, 2}), two(single_, order, {1, 1, 2});
  std::vector<int64_t> straight, resumed;
  for (int64_t at = 0; at < 16; at = four.next(at))
    for (int64_t s : step(four, at)) straight.push_back(s);
  for (int64_t at = 0; at < 8; at = four.next(at))
    for (int64_t s : step(four, at)) resumed.push_back(s);
  for (int64_t at = 8; at < 16; at = two.next(at))
    for (int64_t s : step(two, at)) resumed.push_back(s);
  EXPECT_EQ(straight, resumed);
}

TEST_F(StepPlanTest, TheLastStepMayLeaveRanksWithoutRows) {
  const SampleOrder order(single_.size(), 2, false);
  const StepPlan plan(single_, order, {1, 2, 4}, single_.size());  // 13 rows in 8s
  EXPECT_EQ(plan.steps_left(0), 2);
  EXPECT_EQ(plan.samples(8, 0, 3), std::vector<int64_t>{11});
  EXPECT_EQ(plan.samples(8, 1, 0), std::vector<int64_t>{12});
  EXPECT_TRUE(plan.samples(8, 1, 1).empty());
  EXPECT_EQ(plan.totals(8).rows, 5);
  EXPECT_EQ(plan.next(8), 13);
  EXPECT_EQ(plan.totals(13).rows, 0);
  EXPECT_EQ(plan.steps_left(13), 0);
}

TEST_F(StepPlanTest, RefusesWhatIsOutOfRange) {
  using testing::message_of;
  const SampleOrder order(single_.size(), 2), wrong(4, 2);
  const StepPlan plan(single_, order, {1, 2, 2});
  EXPECT_NE(message_of<Error>([&] { plan.samples(0, 2, 0); }).find("micro-step 2 of 2"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { plan.samples(0, 0, 2); }).find("rank 2 of 2"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { plan.samples(-1, 0, 0); }).find("negative"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { plan.steps_left(0); }).find("endless"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              StepPlan(single_, wrong, {1, 1, 1});
            }).find("over 4 rows"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              StepPlan(single_, order, {0, 1, 1});
            }).find("at least 1"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::data
