#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "parallel/local_group.h"
#include "tests/support/golden.h"
#include "trainer/golden/split_run.h"
#include "trainer/golden/verify.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

struct Layout {
  int dp, tp;
  bool sequence;
  int zero, accumulation;
  int overlap = 1;
};

std::string name_of(const Layout& l) {
  return fmt::format("{} x {} sequence {} zero {} accumulation {} overlap {}", l.dp, l.tp, l.sequence, l.zero,
                     l.accumulation, l.overlap);
}

/// What is outside, as a table; empty when nothing is. An illegal layout: the reason.
std::string outside(const fs::path& folder, const Layout& l) {
  const GoldenCase reference(folder);
  std::string problem;
  try {
    parallel::LocalGroup::run(l.dp * l.tp, [&](parallel::Communicator& world) {
      const GoldenReport report = verify_split(reference, GoldenPrecision::fp32,
                                               {.tensor_parallel = l.tp,
                                                .sequence_parallel = l.sequence,
                                                .overlap = l.overlap,
                                                .zero_stage = l.zero,
                                                .accumulation = l.accumulation},
                                               world);
      EXPECT_GE(report.rows().size(), 40u);
      if (world.rank() == 0 && report.outside() > 0) problem = golden_table(report, false);
    });
  } catch (const Error& e) {
    return e.what();
  }
  return problem;
}

fs::path own(const char* name) { return fs::path(GENESIS_SOURCE_DIR) / "tests/golden" / name; }

/// Every dp x tp on at most 4 ranks, with what goes with it; without GENESIS_CAMPAIGN=1 a part that meets
/// every value of everything.
std::vector<Layout> layouts() {
  if (!std::getenv("GENESIS_CAMPAIGN"))
    return {{1, 1, false, 0, 3},   {2, 1, false, 1, 3},   {4, 1, false, 0, 1},    {1, 2, false, 0, 1},
            {1, 2, true, 1, 3, 4}, {2, 2, true, 1, 1, 0}, {2, 2, false, 0, 3, 3}, {1, 4, true, 0, 1, 3}};
  std::vector<Layout> all;
  for (const auto& [dp, tp] : {std::pair{1, 1}, {2, 1}, {4, 1}, {1, 2}, {2, 2}, {1, 4}})
    for (const bool sequence : {false, true})
      for (const int zero : {0, 1})
        for (const int accumulation : {1, 3})
          for (const int overlap : {0, 1, 3})
            if (tp > 1 || (!sequence && overlap == 1))
              all.push_back({dp, tp, sequence, zero, accumulation, overlap});
  return all;
}

TEST(VerifySplit, EveryLayoutTrainsAlongTheReference) {
  // Tied and untied heads, 4, 2 and 1 KV heads on up to 4 ranks.
  for (const char* name : {"split_qwen1", "split_qwen15", "split_qwen3"})
    for (const Layout& l : layouts()) EXPECT_EQ(outside(own(name), l), "") << name << " " << name_of(l);
}

TEST(VerifySplit, TheOtherFoldersInTheLayoutsTheyAllow) {
  for (const fs::path& folder : testing::golden_folders()) {
    if (folder.filename().string().starts_with("split")) continue;
    for (const Layout& l : {Layout{2, 1, false, 1, 3}, Layout{1, 3, true, 0, 1}, Layout{1, 2, true, 0, 1}}) {
      const std::string problem = outside(folder, l);
      if (problem.find("cannot be shared out over") == std::string::npos) {
        EXPECT_EQ(problem, "") << folder << " " << name_of(l);
      }
    }
  }
}

TEST(VerifySplit, IllegalLayoutsAreRefusedWithTheReason) {
  EXPECT_NE(outside(own("mini_qwen15"), {1, 2, true, 0, 1}).find("a feed-forward width of 35"),
            std::string::npos);
  EXPECT_NE(outside(own("split_qwen1"), {1, 3, true, 0, 1}).find("4 attention heads"), std::string::npos);
  EXPECT_THROW(parallel::LocalGroup::run(3,
                                         [](parallel::Communicator& world) {
                                           const GoldenCase reference(own("split_qwen1"));
                                           verify_split(reference, GoldenPrecision::fp32,
                                                        {.tensor_parallel = 2}, world);
                                         }),
               Error);
}

TEST(VerifySplit, TheClippedNormIsOneNumber) {
  const GoldenCase reference(own("split_qwen3"));  // QK-norm, replicated KV heads, norms, shards
  std::map<int, double> norms;
  for (const int tp : {1, 2, 4})
    parallel::LocalGroup::run(tp, [&](parallel::Communicator& world) {
      const parallel::Mesh mesh(world, {.tensor_parallel = tp, .order = {}});
      SplitRun run(reference, mesh, {.tensor_parallel = tp}, {});
      const auto found = run.backward(run.dealt(reference.tensor("input_ids"), reference.tensor("labels")));
      if (world.rank() == 0) norms[tp] = found.norm;
    });
  EXPECT_GT(norms[1], 1.0);  // it is clipped
  for (const int tp : {2, 4}) EXPECT_NEAR(norms[tp] / norms[1], 1.0, 1e-6) << "tp " << tp;
}

TEST(GoldenLayout, ReadsItsKeysAndNamesOthers) {
  const auto l =
      GoldenLayout::parse({"tensor_parallel_size=4", "sequence_parallel=false", "tensor_parallel_overlap=2",
                           "zero_stage=1", "gradient_accumulation_steps=3"});
  EXPECT_EQ(l.tensor_parallel, 4);
  EXPECT_FALSE(l.sequence_parallel);
  EXPECT_EQ(l.overlap, 2);
  EXPECT_EQ(l.zero_stage, 1);
  EXPECT_EQ(l.accumulation, 3);
  for (const char* wrong : {"tensor_parallel_size=0", "tensor_parallel_size=2x", "zero_stage=2",
                            "sequence_parallel=1", "tensor_parallel_overlap=-1", "tp=2", "="})
    EXPECT_THROW(GoldenLayout::parse({wrong}), ConfigError) << wrong;
}

}  // namespace
}  // namespace genesis::trainer
