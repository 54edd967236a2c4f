// The chat format against reference vectors made from the official Qwen-1 code, with the real vocabulary.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/chat/chat_format.h"
#include "data/chat/tokenizer_encoder.h"
#include "data/formats/conversation_reader.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace genesis::data {
namespace {

using testing::shared_path;

class GoldenChat : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = shared_path("tokenizer");
    if (folder)
      chat_.emplace(text_encoder(Tokenizer::from_file(*folder / "qwen.tiktoken")), chat_template("qwen"));
  }
  static nlohmann::json read(const char* name) {
    return nlohmann::json::parse(std::ifstream(*shared_path(std::string("tokenizer/") + name)));
  }
  std::optional<ChatFormat> chat_;
};

TEST_F(GoldenChat, PromptsEqualMakeContext) {
  if (!chat_) return;
  const auto cases = read("golden_chatml.json");
  ASSERT_GE(cases.size(), 5u);
  for (const auto& c : cases) {
    Conversation talk;
    talk.system = c["system"].get<std::string>();
    for (const auto& exchange : c["history"]) {
      talk.turns.push_back({Role::user, exchange[0]});
      talk.turns.push_back({Role::assistant, exchange[1]});
    }
    talk.turns.push_back({Role::user, c["query"]});
    const auto prompt = chat_->prompt(talk, c["max_window_size"]);
    EXPECT_EQ(prompt.ids, c["ids"].get<std::vector<int32_t>>()) << c["query"];
    EXPECT_EQ(prompt.text, c["raw_text"].get<std::string>());
  }
}

TEST_F(GoldenChat, LabelsEqualTheOfficialRecipe) {
  if (!chat_) return;
  const testing::TempFolder folder;
  const auto cases = read("golden_sft_labels.json");
  ASSERT_GE(cases.size(), 4u);
  for (const auto& c : cases) {
    ConversationReader reader(
        folder.write("c.json", nlohmann::json::array({{{"conversations", c["conversations"]}}}).dump()));
    const auto record = reader.next();
    ASSERT_TRUE(record);
    auto tokens = chat_->training_tokens(record->conversation, LossOn::qwen1);
    tokens.ids.resize(c["max_len"], chat_->encoder().eod);  // the official recipe pads; batches here do not
    tokens.labels.resize(c["max_len"], kIgnoredLabel);
    EXPECT_EQ(tokens.ids, c["input_ids"].get<std::vector<int32_t>>());
    EXPECT_EQ(tokens.labels, c["labels"].get<std::vector<int32_t>>());
  }
}

}  // namespace
}  // namespace genesis::data
