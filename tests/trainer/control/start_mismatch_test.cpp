// Ranks that are not alike are refused before the first step.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/job_on_disk.h"
#include "trainer/control/start_agreement.h"

namespace genesis::trainer {
namespace {

using testing::JobOnDisk;
using testing::MpiJob;

struct Refusal {
  int code = -1;
  double seconds = 0;
  std::string output;
};

/// Ranks 0 and 2 start like `usual`, rank 1 like `odd`.
Refusal refusal(const std::vector<std::string>& usual, const std::vector<std::string>& odd) {
  std::vector<std::string> words;
  for (const auto* part : {&usual, &odd, &usual}) {
    if (!words.empty()) words.push_back(":");
    words.insert(words.end(), {"-n", "1"});
    words.insert(words.end(), part->begin(), part->end());
  }
  const auto begin = std::chrono::steady_clock::now();
  MpiJob job(words);
  Refusal r;
  r.code = job.wait(120);
  r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  r.output = job.output();
  return r;
}

void expect_refused(const Refusal& r, const std::string& item) {
  EXPECT_EQ(r.code, 64) << r.output;
  EXPECT_NE(r.output.find(item + " of rank 1 (host "), std::string::npos) << item << "\n" << r.output;
  const size_t first = r.output.find("has digest ");
  EXPECT_NE(first, std::string::npos) << r.output;
  size_t complaints = 0;
  for (size_t at = 0; (at = r.output.find("do not start alike", at)) != std::string::npos; ++at) ++complaints;
  EXPECT_EQ(complaints, 1u) << r.output;
  EXPECT_LT(r.seconds, 60);  // how fast it is on a free machine is measured by the campaign, R11
}

TEST(StartMismatch, AConfigKeyIsNamed) {
  const JobOnDisk disk;
  TrainConfig c = disk.endless("out");
  const std::string usual = disk.write(c, "a.yaml");
  c.seed = 43;
  const std::string odd = disk.write(c, "b.yaml");
  expect_refused(refusal({GENESIS_PROGRAM, "train", usual}, {GENESIS_PROGRAM, "train", odd}),
                 "config key 'seed'");
}

TEST(StartMismatch, AnotherProgramIsNamed) {
  const JobOnDisk disk;
  const std::string config = disk.write(disk.endless("out"), "a.yaml");
  const std::filesystem::path copy = disk.run() / "genesis";
  std::filesystem::copy_file(GENESIS_PROGRAM, copy);
  std::ofstream(copy, std::ios::app) << '\0';
  expect_refused(refusal({GENESIS_PROGRAM, "train", config}, {copy.string(), "train", config}), "program");
}

/// The same relative paths in two folders; `spoil` changes a file of the second.
void expect_file_refused(
    const std::string& item, const std::function<void(const TrainConfig&)>& spoil,
    const std::function<void(TrainConfig&)>& prepare = [](TrainConfig&) {}) {
  const JobOnDisk usual, odd;
  std::vector<std::vector<std::string>> words;
  for (const JobOnDisk* disk : {&usual, &odd}) {
    TrainConfig c = disk->endless("out");
    c.tokenizer = "qwen.tiktoken";
    c.dataset = {"train.jsonl"};
    c.output_dir = (usual.run() / "out").string();
    prepare(c);
    disk->write(c, "run.yaml");
    words.push_back({"-wdir", disk->run().folder().path().string(), GENESIS_PROGRAM, "train", "run.yaml"});
  }
  TrainConfig c;
  c.output_dir = odd.run().folder().path().string();
  spoil(c);
  expect_refused(refusal(words[0], words[1]), item);
}

TEST(StartMismatch, AByteOfTheDataIsNamed) {
  expect_file_refused("dataset", [](const TrainConfig& c) {
    const std::filesystem::path file = std::filesystem::path(c.output_dir) / "train.jsonl";
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    std::string changed = text.str();
    changed[changed.find("What is")] = 'T';
    std::ofstream(file, std::ios::trunc) << changed;
  });
}

TEST(StartMismatch, ATokenizerIsNamed) {
  expect_file_refused("tokenizer", [](const TrainConfig& c) {
    // the last two tokens change places
    const std::filesystem::path file = std::filesystem::path(c.output_dir) / "qwen.tiktoken";
    std::ifstream in(file);
    std::vector<std::pair<std::string, std::string>> tokens;
    for (std::string token, rank; in >> token >> rank;) tokens.emplace_back(token, rank);
    std::swap(tokens.at(tokens.size() - 1).first, tokens.at(tokens.size() - 2).first);
    std::ofstream out(file, std::ios::trunc);
    for (const auto& [token, rank] : tokens) out << token << ' ' << rank << '\n';
  });
}

TEST(StartAgreement, TheMinorityIsNamedAndEveryRankSaysTheSame) {
  for (int odd_rank : {0, 1, 2}) {
    std::vector<std::string> errors(3);
    parallel::LocalGroup::run(3, [&](parallel::Communicator& ranks) {
      const uint64_t own = ranks.rank() == odd_rank ? 7 : 9;
      try {
        agree_at_start({{"alike", 1}, {"weights", own}, {"resume step", own}}, ranks);
      } catch (const ConfigError& e) {
        errors[size_t(ranks.rank())] = e.what();
      }
    });
    const std::string start = "the ranks do not start alike: weights of rank " + std::to_string(odd_rank);
    EXPECT_TRUE(errors[0].starts_with(start)) << errors[0];
    EXPECT_NE(errors[0].find("0000000000000007"), std::string::npos) << errors[0];
    EXPECT_NE(errors[0].find("0000000000000009"), std::string::npos) << errors[0];
    EXPECT_EQ(errors[0], errors[1]);
    EXPECT_EQ(errors[0], errors[2]);
  }
}

TEST(StartAgreement, ListsOfDifferentItemsAreAMismatchToo) {
  parallel::LocalGroup::run(2, [](parallel::Communicator& ranks) {
    std::vector<StartItem> items{{"a", 1}};
    if (ranks.rank() == 1) items.push_back({"b", 2});
    EXPECT_THROW(agree_at_start(items, ranks), ConfigError);
  });
}

}  // namespace
}  // namespace genesis::trainer
