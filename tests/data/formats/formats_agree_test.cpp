// One conversation in every format, plain and compressed: the same ids and labels.
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "data/dataset/sft_dataset.h"
#include "tests/support/byte_encoder.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::data {
namespace {

using testing::message_of;

std::string gzip(const std::string& text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = uInt(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = uInt(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string zstandard(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

class FormatsAgree : public ::testing::Test {
 protected:
  SftDataset load(std::string_view name, const std::string& bytes, const SftOptions& options = {}) {
    const std::filesystem::path files[] = {folder_.write(name, bytes)};
    return SftDataset::load(files, ChatFormat(testing::byte_encoder(), chat_template("qwen")), options);
  }
  testing::TempFolder folder_;
};

const std::string kRecords[] = {
    R"({"system": "S", "conversations": [{"from": "user", "value": "Q"}, {"from": "assistant", "value": "A"}, {"from": "user", "value": "R"}, {"from": "assistant", "value": "B"}]})",
    R"({"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}, {"from": "human", "value": "R"}, {"from": "gpt", "value": "B"}]})",
    R"({"conversations": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}, {"role": "chatgpt", "content": "A"}, {"role": "user", "content": "R"}, {"role": "bard", "content": "B"}]})",
    R"({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}, {"role": "user", "content": "R"}, {"role": "assistant", "content": "B"}]})",
    R"({"messages": [{"from": "system", "value": "S"}, {"from": "user", "value": "Q"}, {"from": "assistant", "value": "A", "weight": 1}, {"from": "user", "value": "R"}, {"from": "assistant", "value": "B", "train": true}]})",
    R"({"system": "S", "history": [["Q", "A"]], "instruction": "R", "input": "", "output": "B"})"};

TEST_F(FormatsAgree, EveryFormatGivesTheSameIdsAndLabels) {
  const std::string digest = load("0.jsonl", kRecords[0]).digest();
  for (const std::string& record : kRecords) {
    EXPECT_EQ(load("a.jsonl", record).digest(), digest) << record;
    EXPECT_EQ(load("a.json", "[" + record + "]").digest(), digest) << record;
    EXPECT_EQ(load("a.jsonl.gz", gzip(record + "\n")).digest(), digest) << record;
    EXPECT_EQ(load("a.jsonl.zst", zstandard(record)).digest(), digest) << record;
    EXPECT_EQ(load("named_otherwise", gzip("[" + record + "]")).digest(), digest) << record;
  }
  const std::string pair = R"({"system": "S", "prompt": "Q", "completion": "A"})";
  EXPECT_EQ(load("p.jsonl", pair).digest(),
            load("q.jsonl", R"({"system": "S", "instruction": "Q", "output": "A"})").digest());
}

TEST_F(FormatsAgree, ARenderedConversationAsTextHasTheSameIds) {
  SftOptions options;
  options.loss_on = LossOn::all;
  options.parse_special = true;
  const auto talk = load("t.jsonl", kRecords[0], options);
  const auto text = load("x.jsonl",
                         R"({"text": "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n)"
                         R"(<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\nR<|im_end|>\n)"
                         R"(<|im_start|>assistant\nB<|im_end|>\n"})",
                         options);
  const auto a = talk.samples().sample(0), b = text.samples().sample(0);
  ASSERT_EQ(b.ids.size(), a.ids.size() + 1);
  EXPECT_TRUE(std::equal(a.ids.begin(), a.ids.end(), b.ids.begin()));
  EXPECT_EQ(b.ids.back(), testing::kByteEod);
}

TEST_F(FormatsAgree, PlainTextIsOneDocumentALine) {
  const auto set = load("a.txt", "first\r\n\n  \nsecond: {[\nlast");
  EXPECT_EQ(set.samples().size(), 3);
  EXPECT_EQ(set.summary().documents, 3);
  const auto ids = set.samples().sample(1).ids;
  EXPECT_EQ(testing::byte_text({ids.begin(), ids.end()}), "second: {[$");
  EXPECT_EQ(load("b.txt.zst", zstandard("first\nsecond: {[\nlast\n")).digest(), set.digest());
  SftOptions options;
  options.format = RecordFormat::text;
  EXPECT_EQ(load("c", "first\nsecond: {[\nlast\n", options).samples().size(), 3);
  EXPECT_NE(
      message_of<DataError>([&] { load("d.txt", "a\xC3\xA9\xFF"); }).find("d.txt:1:3: ill-formed UTF-8"),
      std::string::npos);
  EXPECT_NE(
      message_of<DataError>([&] { load("d.txt", std::string("ok\na\0b", 6)); }).find("d.txt:2:2: a NUL"),
      std::string::npos);
  EXPECT_NE(message_of<DataError>([&] { load("e.txt", "\n \n"); }).find("e.txt: holds no text"),
            std::string::npos);
}

TEST_F(FormatsAgree, WhereTextStandsBesideTurnsTheTurnsCount) {
  const auto set = load("a.jsonl", R"({"text": "x", "prompt": "Q", "completion": "A"})");
  EXPECT_EQ(set.summary().documents, 0);
}

TEST_F(FormatsAgree, DamagedCompressionIsNamed) {
  const std::string text(5000, ' ');
  for (const std::string& packed : {gzip(kRecords[0] + text), zstandard(kRecords[0] + text)}) {
    EXPECT_NE(
        message_of<DataError>([&] { load("a.gz", packed.substr(0, packed.size() - 3)); }).find("cut off"),
        std::string::npos);
    std::string bad = packed;
    bad[bad.size() / 2] = char(~bad[bad.size() / 2]);
    EXPECT_FALSE(message_of<DataError>([&] { load("a.gz", bad); }).empty());
  }
  EXPECT_EQ(load("two.gz", gzip(kRecords[0] + "\n") + gzip(kRecords[1])).samples().size(), 2);
  EXPECT_EQ(load("two.zst", zstandard(kRecords[0] + "\n") + zstandard(kRecords[1])).samples().size(), 2);
}

TEST_F(FormatsAgree, ATurnMayBeLeftOutOfTheLoss) {
  const auto with = [&](const std::string& extra) {
    return load("w.jsonl",
                R"({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A")" +
                    extra +
                    R"(}, {"role": "user", "content": "R"}, {"role": "assistant", "content": "B"}]})");
  };
  EXPECT_EQ(with("").samples().supervised(0), 4);
  EXPECT_EQ(with(R"(, "train": false)").samples().supervised(0), 2);
  EXPECT_EQ(with(R"(, "weight": 0)").samples().supervised(0), 2);
  EXPECT_EQ(with(R"(, "weight": 1)").samples().supervised(0), 4);
  EXPECT_NE(message_of<DataError>([&] { with(R"(, "weight": -0.5)"); }).find("must be 0 or from"),
            std::string::npos);
  EXPECT_NE(message_of<DataError>([&] { with(R"(, "weight": 0, "train": true)"); }).find("contradicts"),
            std::string::npos);
}

TEST_F(FormatsAgree, ATurnMayWeighMoreOrLess) {
  const auto with = [&](const std::string& extra) {
    return load(
        "w.jsonl",
        R"({"messages": [{"role": "user", "content": "Q", "weight": 3}, {"role": "assistant", "content": "A")" +
            extra + R"(}, {"role": "user", "content": "R"}, {"role": "assistant", "content": "B"}]})");
  };
  const SftDataset plain = with(""), half = with(R"(, "weight": 0.5)"), one = with(R"(, "weight": 1.0)");
  EXPECT_EQ(plain.samples().weight(0), 4);
  EXPECT_EQ(half.samples().weight(0), 3);
  EXPECT_EQ(half.samples().supervised(0), 4);
  EXPECT_EQ(one.digest(), plain.digest());
  EXPECT_NE(half.digest(), plain.digest());
  const SampleView a = plain.samples().sample(0), b = half.samples().sample(0);
  int halved = 0;
  for (size_t t = 0; t < a.ids.size(); ++t) {
    EXPECT_EQ(a.label(t), b.label(t));
    halved += b.weight(t) == 0.5f;
  }
  EXPECT_EQ(halved, 2) << "the answer and its <|im_end|>";
}

}  // namespace
}  // namespace genesis::data
