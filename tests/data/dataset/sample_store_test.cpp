#include "data/dataset/sample_store.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/error.h"
#include "tests/support/error_message.h"
#include "tests/support/sample_lengths.h"

namespace genesis::data {
namespace {

TEST(SampleStore, KeepsSamplesAndCountsTargets) {
  MemoryStore store;
  store.add({{7, 8, 9}, {7, kIgnoredLabel, 9}});  // the first label is nobody's target
  store.add({{5}, {5}});
  ASSERT_EQ(store.size(), 2);
  EXPECT_EQ(store.length(0), 3);
  EXPECT_EQ(store.supervised(0), 1);
  EXPECT_EQ(store.supervised(1), 0);
  EXPECT_EQ(store.tokens(), 4);
  EXPECT_EQ(store.supervised_tokens(), 1);
  EXPECT_EQ(store.longest(), 3);
  const SampleView view = store.sample(0);
  EXPECT_TRUE(std::ranges::equal(view.ids, std::vector<int32_t>{7, 8, 9}));
  EXPECT_EQ(view.label(0), 7);
  EXPECT_EQ(view.label(1), kIgnoredLabel);
  EXPECT_EQ(view.label(2), 9);
}

TEST(SampleStore, ManySamplesOverSeveralBlocks) {
  std::vector<int> lengths;
  for (int i = 0; i < 700; ++i) lengths.push_back(1 + (i * 613) % 999);
  lengths.push_back(400000);  // longer than a block
  lengths.push_back(3);
  const MemoryStore store = testing::samples_of_lengths(lengths);
  int64_t tokens = 0;
  for (size_t i = 0; i < lengths.size(); ++i) {
    const SampleView view = store.sample(int64_t(i));
    ASSERT_EQ(view.ids.size(), size_t(lengths[i]));
    ASSERT_EQ(view.ids.front(), int32_t(1000 * i));
    ASSERT_EQ(view.ids.back(), int32_t(1000 * i) + lengths[i] - 1);
    ASSERT_EQ(store.supervised(int64_t(i)), lengths[i] == 1 ? 0 : lengths[i] / 2 + (lengths[i] % 2));
    tokens += lengths[i];
  }
  EXPECT_EQ(store.tokens(), tokens);
}

TEST(SampleStore, RefusesLabelsThatAreNotTheirTokens) {
  MemoryStore store;
  EXPECT_NE(testing::message_of<Error>([&] {
              store.add({{1, 2}, {1, 3}});
            }).find("label 3 at 1"),
            std::string::npos);
  EXPECT_NE(testing::message_of<Error>([&] {
              store.add({{1, 2}, {1}});
            }).find("2 ids and 1"),
            std::string::npos);
  EXPECT_NE(testing::message_of<Error>([&] { (void)MemoryStore().sample(0); }).find("sample 0 of 0"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::data
