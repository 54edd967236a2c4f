#include "trainer/checkpoint/save_plan.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/error_message.h"

namespace genesis::trainer {
namespace {

/// A matrix of `rows` x 1024 f32 that every rank holds, or each its share of rows.
TensorHolders tensor(const std::string& name, int64_t rows, int ranks, bool weight, bool shared_out) {
  TensorHolders t{name, DType::f32, {rows, 1024}, weight, {}};
  for (int r = 0; r < ranks; ++r) {
    const int64_t begin = shared_out ? rows * r / ranks : 0, end = shared_out ? rows * (r + 1) / ranks : rows;
    t.boxes.push_back({{{begin, 0}, {end - begin, 1024}}});
  }
  return t;
}

TEST(SavePlan, ReplicasShareTheBytesOut) {
  constexpr int kRanks = 4;
  std::vector<TensorHolders> all;
  for (int i = 0; i < 12; ++i) all.push_back(tensor(fmt::format("w{}", i), 256, kRanks, true, false));
  for (int i = 0; i < 12; ++i) all.push_back(tensor(fmt::format("m{}", i), 256, kRanks, false, false));
  all.push_back(tensor("large", 8192, kRanks, false, false));
  const SavePlan plan = plan_save(all, kRanks, {.least_weight_bytes = 1 << 20});
  int64_t least = INT64_MAX, most = 0, sum = 0;
  for (int r = 0; r < kRanks; ++r) {
    least = std::min(least, plan.data_bytes_of(r));
    most = std::max(most, plan.data_bytes_of(r));
    sum += plan.data_bytes_of(r);
  }
  EXPECT_EQ(sum, (24 * 256 + 8192) * 4096) << "each byte is written once";
  EXPECT_LT(double(most), 1.15 * double(least));
  std::set<std::string> names;
  for (const auto& f : plan.files) EXPECT_TRUE(names.insert(f.name).second);
  EXPECT_TRUE(names.contains("model-00004-of-00004.safetensors"));
  EXPECT_TRUE(names.contains("optimizer-00001-of-00004.safetensors"));
  EXPECT_NE(plan.index.find("\"w11\": \"model-00004-of-00004.safetensors\""), std::string::npos)
      << plan.index;
}

TEST(SavePlan, WeightsOfASmallModelAreOneFilePutTogetherFromItsHolders) {
  const std::vector<TensorHolders> all{tensor("w", 10, 3, true, true), tensor("m", 10, 3, false, true)};
  const SavePlan plan = plan_save(all, 3);
  ASSERT_EQ(plan.files.size(), 4u);
  EXPECT_EQ(plan.files[0].name, "model.safetensors");
  ASSERT_EQ(plan.files[0].slices.size(), 1u);
  ASSERT_EQ(plan.files[0].slices[0].parts.size(), 3u);
  for (int r = 0; r < 3; ++r) EXPECT_EQ(plan.files[0].slices[0].parts[size_t(r)].source, r);
  for (const auto& f : plan.files)
    for (const auto& s : f.slices) EXPECT_TRUE(s.tensor == 0 || s.parts[0].source == f.writer);
}

TEST(SavePlan, PartsThatDoNotTileAreOurOwnMistake) {
  auto t = tensor("w", 10, 2, true, true);
  t.boxes[1][0].extent[0] -= 1;
  EXPECT_NE(testing::message_of<Error>([&] { plan_save({t}, 2); }).find("tensor 'w'"), std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
