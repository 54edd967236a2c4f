#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/tokenizer/nfc.h"
#include "data/tokenizer/pretokenizer.h"
#include "data/tokenizer/streaming_decoder.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/support/shared_data.h"

namespace genesis::data {
namespace {

using nlohmann::json;
using Ids = std::vector<int32_t>;

/// The reference vectors against the vocabulary read from each of its file formats.
class GoldenTokenizer : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto folder = genesis::testing::shared_path("tokenizer");
    if (!folder || !std::filesystem::exists(*folder / GetParam())) return;
    tokenizer_ = Tokenizer::from_file(*folder / GetParam(), TokenizerFamily::qwen1);
    folder_ = *folder;
  }
  /// The records of a reference file; none when the data is absent.
  json records(const std::string& name) const {
    if (!tokenizer_) return json::array();
    json out = json::parse(std::ifstream(folder_ / name));
    EXPECT_FALSE(out.empty());
    return out;
  }

  std::optional<Tokenizer> tokenizer_;
  std::filesystem::path folder_;
};

TEST_P(GoldenTokenizer, EncodesWithSpecialTokens) {
  for (const json& r : records("golden_encode.json")) {
    const auto text = r["text"].get<std::string>();
    EXPECT_EQ(tokenizer_->encode(text), r["ids"].get<Ids>()) << r["text"].dump();
  }
}

TEST_P(GoldenTokenizer, EncodesSpecialFormsAsText) {
  for (const json& r : records("golden_encode_nospecial.json"))
    EXPECT_EQ(tokenizer_->encode(r["text"].get<std::string>(), {SpecialForms::plain}), r["ids"].get<Ids>())
        << r["text"].dump();
}

TEST_P(GoldenTokenizer, EncodesPublishedVectors) {
  for (const json& r : records("golden_public.json")) {
    EncodeOptions options;
    if (const json& allowed = r["allowed_special"]; allowed.is_array()) {
      if (allowed.empty()) options.specials = SpecialForms::plain;
      for (const json& name : allowed)
        options.only.push_back(tokenizer_->special_id(name.get<std::string>()));
    }
    EXPECT_EQ(tokenizer_->encode(r["text"].get<std::string>(), options), r["ids"].get<Ids>())
        << r["text"].dump() << r["allowed_special"].dump();
  }
}

TEST_P(GoldenTokenizer, EncodesBatches) {
  std::vector<std::string> texts;
  std::vector<Ids> expected;
  for (const json& r : records("golden_encode.json")) {
    texts.push_back(r["text"].get<std::string>());
    expected.push_back(r["ids"].get<Ids>());
  }
  if (!tokenizer_) return;
  EXPECT_EQ(tokenizer_->encode_batch(texts), expected);
}

TEST_P(GoldenTokenizer, CutsPieces) {
  for (const json& r : records("golden_pretokenize.json")) {
    const auto text = r["text"].get<std::string>();
    std::string buffer;
    std::vector<std::string> pieces;
    for (const auto piece : Pretokenizer().pieces(normalize_nfc(text, buffer))) pieces.emplace_back(piece);
    EXPECT_EQ(pieces, r["pieces"].get<std::vector<std::string>>()) << r["text"].dump();
  }
}

TEST_P(GoldenTokenizer, Decodes) {
  for (const json& r : records("golden_decode.json")) {
    const auto ids = r["ids"].get<Ids>();
    std::string hex;
    for (const char c : tokenizer_->decode_bytes(ids)) hex += fmt::format("{:02x}", uint8_t(c));
    EXPECT_EQ(hex, r["bytes_hex"]) << r["ids"].dump();
    EXPECT_EQ(tokenizer_->decode(ids), r["text_replace"]) << r["ids"].dump();
    EXPECT_EQ(tokenizer_->decode(ids, {.skip_special = true}), r["skip_special_text"]) << r["ids"].dump();
    StreamingDecoder stream(*tokenizer_);
    std::string joined;
    for (const int32_t id : ids) joined += stream.push(id);
    EXPECT_EQ(joined + stream.finish(), r["text_replace"]) << r["ids"].dump();
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, GoldenTokenizer, ::testing::Values("qwen.tiktoken", "vocab.json"),
                         [](const auto& info) {
                           return info.param == "vocab.json" ? "vocab_json" : "tiktoken";
                         });

}  // namespace
}  // namespace genesis::data
