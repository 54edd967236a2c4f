#include <gtest/gtest.h>

#include <set>

#include "data/dataset/sft_dataset.h"
#include "tests/support/byte_encoder.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::data {
namespace {

using testing::message_of;

class HoldOutTest : public ::testing::Test {
 protected:
  static std::string record(int i) {
    return fmt::format(R"({{"prompt": "question {}", "completion": "answer {}"}})", i, i) + "\n";
  }
  SftDataset load(const std::string& text) {
    const std::filesystem::path files[] = {folder_.write("d.jsonl", text)};
    return SftDataset::load(files, {testing::byte_encoder(), chat_template("qwen")}, {});
  }
  SftDataset load(int records) {
    std::string text;
    for (int i = 0; i < records; ++i) text += record(i);
    return load(text);
  }
  /// The numbers of the records that a dataset of load(n) still has, in its order.
  static std::vector<int> numbers(const SftDataset& set) {
    std::vector<int> out;
    for (int64_t i = 0; i < set.samples().size(); ++i) {
      const auto ids = set.samples().sample(i).ids;
      const std::string text = testing::byte_text({ids.begin(), ids.end()});
      out.push_back(std::stoi(text.substr(text.find("answer ") + 7)));
    }
    return out;
  }
  testing::TempFolder folder_;
};

TEST_F(HoldOutTest, SplitsEverySampleToOneSideInFileOrder) {
  auto train = load(200);
  const auto held = train.hold_out(0.1, 42);
  const auto a = numbers(train), b = numbers(held);
  EXPECT_EQ(a.size(), 180u);
  EXPECT_EQ(b.size(), 20u);
  EXPECT_TRUE(std::is_sorted(a.begin(), a.end()));
  EXPECT_TRUE(std::is_sorted(b.begin(), b.end()));
  std::set<int> all(a.begin(), a.end());
  all.insert(b.begin(), b.end());
  EXPECT_EQ(all.size(), 200u);
  EXPECT_LT(b.front(), 100) << "the samples are drawn from the whole file";
  EXPECT_GE(b.back(), 100);
}

TEST_F(HoldOutTest, DigestsAndCountsAreThoseOfThePartsAlone) {
  auto train = load(50);
  const auto held = train.hold_out(7, 3);
  std::string text;
  for (const int i : numbers(held)) text += record(i);
  const auto again = load(text);
  EXPECT_EQ(again.digest(), held.digest());
  EXPECT_EQ(again.summary().text(), held.summary().text());
  EXPECT_EQ(train.summary().records, 50);
  EXPECT_EQ(train.summary().samples, 43);
  EXPECT_EQ(train.summary().held_out, 7);
  EXPECT_EQ(train.summary().tokens, train.samples().tokens());
  EXPECT_EQ(train.summary().supervised_tokens, train.samples().supervised_tokens());
  EXPECT_NE(train.digest(), load(50).digest());
}

TEST_F(HoldOutTest, TheSeedAloneDecides) {
  auto a = load(100), b = load(100), c = load(100);
  const auto held = a.hold_out(10, 1);
  EXPECT_EQ(held.digest(), b.hold_out(0.1, 1).digest());
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_NE(held.digest(), c.hold_out(10, 2).digest());
}

TEST_F(HoldOutTest, ASmallShareIsAtLeastOneSample) {
  auto train = load(5);
  EXPECT_EQ(train.hold_out(0.01, 1).samples().size(), 1);
}

TEST_F(HoldOutTest, RefusesWhatLeavesNothingAndChangesNothing) {
  auto train = load(5);
  const std::string digest = train.digest();
  EXPECT_NE(message_of<ConfigError>([&] {
              (void)train.hold_out(5, 1);
            }).find("val_size 5 holds out 5 of 5 samples, which leaves none to train on"),
            std::string::npos);
  EXPECT_NE(message_of<ConfigError>([&] { (void)train.hold_out(2.5, 1); }).find("whole number of samples"),
            std::string::npos);
  EXPECT_THROW((void)train.hold_out(0.95, 1), ConfigError);
  EXPECT_THROW((void)train.hold_out(0, 1), ConfigError);
  EXPECT_EQ(train.digest(), digest);
}

}  // namespace
}  // namespace genesis::data
