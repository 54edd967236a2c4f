#include "data/dataset/sft_dataset.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "tests/support/byte_encoder.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::data {
namespace {

using testing::message_of;

class SftDatasetTest : public ::testing::Test {
 protected:
  static ChatFormat chat(std::string_view name = "qwen") {
    return {testing::byte_encoder(), chat_template(name)};
  }
  static std::string record(std::string_view prompt, std::string_view completion) {
    return fmt::format(R"({{"system": "", "prompt": "{}", "completion": "{}"}})", prompt, completion) + "\n";
  }
  SftDataset load(const std::string& text, const SftOptions& options = {}) {
    const std::filesystem::path files[] = {folder_.write("d.jsonl", text)};
    return SftDataset::load(files, chat(), options);
  }
  static std::string text(const SampleView& sample) {
    return testing::byte_text({sample.ids.begin(), sample.ids.end()});
  }
  testing::TempFolder folder_;
};

// <system\n>\n is 10 tokens, <user\n>\n 8, <assistant\n>\n 13: 31 around the texts.
constexpr int64_t kMarkup = 31;

TEST_F(SftDatasetTest, TokenisesEveryRecordInFileOrder) {
  const std::filesystem::path files[] = {folder_.write("a.jsonl", record("1", "A") + record("2", "BB")),
                                         folder_.write("b.json", R"([{"instruction": "3", "output": "C"}])")};
  const auto set = SftDataset::load(files, chat(), {});
  ASSERT_EQ(set.samples().size(), 3);
  EXPECT_EQ(text(set.samples().sample(1)), "<system\n>\n<user\n2>\n<assistant\nBB>\n");
  EXPECT_EQ(text(set.samples().sample(2)),
            "<system\nYou are a helpful assistant.>\n<user\n3>\n<assistant\nC>\n");
  EXPECT_EQ(set.samples().supervised(1), 3);
  const SftSummary& sum = set.summary();
  EXPECT_EQ(sum.files, 2);
  EXPECT_EQ(sum.records, 3);
  EXPECT_EQ(sum.samples, 3);
  EXPECT_EQ(sum.supervised_tokens, 2 + 3 + 2);
  EXPECT_EQ(sum.tokens, kMarkup + 2 + kMarkup + 3 + kMarkup + 2 + 28);
  EXPECT_EQ(sum.longest, kMarkup + 2 + 28);
  EXPECT_NE(sum.text().find("3 samples of 3 records in 2 files"), std::string::npos);
}

TEST_F(SftDatasetTest, TheNumberOfThreadsChangesNothing) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += record(std::to_string(i), std::string(size_t(i % 17 + 1), 'x'));
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = load(text);
  omp_set_num_threads(3);
  const auto three = load(text);
  omp_set_num_threads(threads);
  EXPECT_EQ(one.samples().size(), 3000);
  EXPECT_EQ(one.digest(), three.digest());
  EXPECT_EQ(one.digest().size(), 64u);
}

TEST_F(SftDatasetTest, TruncatesAndNeverKeepsASampleWithNothingToLearn) {
  const std::string text = record("1", "ABCDEFGH") + record("12345678", "AB") + record("1", "A");
  SftOptions options;
  options.max_seq_len = kMarkup + 2;  // cuts the first in its answer, the second before it, not the third
  const auto set = load(text, options);
  EXPECT_EQ(set.summary().records, 3);
  EXPECT_EQ(set.summary().samples, 2);
  EXPECT_EQ(set.summary().truncated, 1);
  EXPECT_EQ(set.summary().dropped_unsupervised, 1);
  EXPECT_EQ(set.samples().length(0), options.max_seq_len);
  EXPECT_EQ(this->text(set.samples().sample(0)), "<system\n>\n<user\n1>\n<assistant\nABC");
  EXPECT_EQ(set.samples().supervised(0), 3);
}

TEST_F(SftDatasetTest, DropsOrRefusesTooLongSamplesWhenAsked) {
  const std::string text = record("1", "A") + record("1", "ABC");
  SftOptions options;
  options.max_seq_len = kMarkup + 2;
  options.truncation = Truncation::drop;
  const auto set = load(text, options);
  EXPECT_EQ(set.summary().samples, 1);
  EXPECT_EQ(set.summary().dropped_too_long, 1);
  EXPECT_EQ(set.summary().truncated, 0);
  EXPECT_NE(set.summary().text().find("1 dropped as too long"), std::string::npos);
  options.truncation = Truncation::error;
  EXPECT_NE(message_of<DataError>([&] {
              load(text, options);
            }).find("d.jsonl:2:1: the record has 35 tokens, max_seq_len is 33"),
            std::string::npos);
  options.max_seq_len = 20;
  options.truncation = Truncation::right;
  EXPECT_NE(
      message_of<DataError>([&] { load(text, options); }).find("d.jsonl: no sample is left of 2 records"),
      std::string::npos);
}

TEST_F(SftDatasetTest, RefusesARecordWithNothingToLearn) {
  const auto turn = [](std::string_view role) {
    return fmt::format(R"({{"role": "{}", "content": "x"}})", role);
  };
  const auto talk = [](const std::string& turns) { return R"({"messages": [)" + turns + "]}\n"; };
  const std::string good = talk(turn("user") + "," + turn("assistant"));
  EXPECT_NE(message_of<DataError>([&] {
              load(good + talk(turn("user")));
            }).find("d.jsonl:2:1: the record has no assistant turn"),
            std::string::npos);
  // A leading answer has no place in the Qwen-1 template, so this record holds none for it.
  const std::string leading = talk(turn("assistant") + "," + turn("user"));
  for (LossOn loss_on : {LossOn::assistant, LossOn::qwen1}) {
    SftOptions options;
    options.loss_on = loss_on;
    EXPECT_NE(message_of<DataError>([&] {
                load(good + leading, options);
              }).find("d.jsonl:2:1: the record has no assistant turn after"),
              std::string::npos);
  }
  const std::filesystem::path files[] = {folder_.write("d.jsonl", leading)};
  EXPECT_EQ(SftDataset::load(files, chat("qwen1.5"), {}).summary().samples, 1);
  const auto set = load(good + talk(turn("assistant") + "," + turn("user") + "," + turn("assistant")));
  EXPECT_EQ(set.summary().first_turns_left_out, 1);
}

TEST_F(SftDatasetTest, TheDigestSeesEveryTokenAndOption) {
  const std::string text = record("1", "A") + record("2", "B");
  const std::string digest = load(text).digest();
  EXPECT_EQ(load("\n" + text).digest(), digest);  // the same samples from other bytes
  EXPECT_NE(load(record("1", "A") + record("2", "C")).digest(), digest);
  EXPECT_NE(load(record("2", "B") + record("1", "A")).digest(), digest);
  EXPECT_NE(load(text + record("3", "C")).digest(), digest);
  SftOptions options;
  options.loss_on = LossOn::all;
  EXPECT_NE(load(text, options).digest(), digest);
  options = {};
  options.max_seq_len = 1024;
  EXPECT_NE(load(text, options).digest(), digest);
}

TEST_F(SftDatasetTest, PassesTheTokenizersErrorOn) {
  auto encoder = testing::byte_encoder();
  encoder.encode = [plain = encoder.encode](std::string_view text, bool parse) {
    if (text == "boom") throw DataError("the tokenizer says no");
    return plain(text, parse);
  };
  const std::filesystem::path files[] = {folder_.write("d.jsonl", record("1", "A") + record("2", "boom"))};
  const ChatFormat format(encoder, chat_template("qwen"));
  EXPECT_EQ(message_of<DataError>([&] { SftDataset::load(files, format, {}); }), "the tokenizer says no");
}

TEST_F(SftDatasetTest, RefusesNoFilesAndUnknownWords) {
  EXPECT_NE(message_of<DataError>([&] { SftDataset::load({}, chat(), {}); }).find("no dataset file"),
            std::string::npos);
  EXPECT_NE(message_of<ConfigError>([] { (void)truncation_from("cut"); }).find("error, drop, right, turn"),
            std::string::npos);
  EXPECT_EQ(truncation_from("drop"), Truncation::drop);
}

}  // namespace
}  // namespace genesis::data
