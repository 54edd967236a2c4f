// Real chat records with the real vocabulary; the counts are those recorded beside the data when it was made.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/batch/batch.h"
#include "data/chat/tokenizer_encoder.h"
#include "data/dataset/sft_dataset.h"
#include "data/formats/conversation_reader.h"
#include "data/packing/sample_rows.h"
#include "tests/support/shared_data.h"

namespace genesis::data {
namespace {

using testing::shared_path;

std::optional<ChatFormat> real_chat() {
  const auto vocabulary = shared_path("tokenizer/qwen.tiktoken");
  if (!vocabulary || !shared_path("data/sft")) return std::nullopt;
  return ChatFormat(text_encoder(Tokenizer::from_file(*vocabulary)), chat_template("qwen"));
}

TEST(RealData, MixTrainHasTheRecordedCounts) {
  const auto chat = real_chat();
  if (!chat) return;
  const std::filesystem::path files[] = {*shared_path("data/sft/mix_train.json")};
  SftOptions options;
  options.max_seq_len = 2048;
  const auto set = SftDataset::load(files, *chat, options);
  EXPECT_EQ(set.summary().records, 2016);
  EXPECT_EQ(set.summary().samples, 2016);
  EXPECT_EQ(set.summary().tokens, 471760);
  EXPECT_EQ(set.summary().longest, 1353);
  int64_t fit = 0, answers = 0;
  for (int64_t i = 0; i < set.samples().size(); ++i) fit += set.samples().length(i) <= 512;
  EXPECT_EQ(fit, 1866);
  ConversationReader reader(files[0]);
  while (const auto record = reader.next())
    for (const auto& turn : record->conversation.turns) answers += turn.role == Role::assistant;
  // 214,769 tokens of answers and one <|im_end|> each.
  EXPECT_EQ(set.summary().supervised_tokens, 214769 + answers);

  const auto rows = SampleRows::packed(set.samples(), 2048, 1);
  EXPECT_GT(double(set.summary().tokens) / double(2048 * rows.size()), 0.99);

  options.max_seq_len = 512;
  const auto cut = SftDataset::load(files, *chat, options);
  EXPECT_EQ(cut.summary().truncated + cut.summary().dropped_unsupervised, 2016 - 1866);
  EXPECT_EQ(cut.summary().samples + cut.summary().dropped_unsupervised, 2016);
  EXPECT_NE(cut.digest(), set.digest());
}

TEST(RealData, OtherFilesHaveTheRecordedRecordsAndLengths) {
  const auto chat = real_chat();
  if (!chat) return;
  const std::tuple<const char*, int64_t, int64_t> expected[] = {
      {"gsm8k_train.json", 7473, 463}, {"gsm8k_test.json", 1319, 421}, {"mix_eval.json", 300, 796}};
  for (const auto& [name, records, longest] : expected) {
    const std::filesystem::path files[] = {*shared_path("data/sft") / name};
    const auto set = SftDataset::load(files, *chat, {});
    EXPECT_EQ(set.summary().samples, records) << name;
    EXPECT_EQ(set.summary().longest, longest) << name;
  }
}

}  // namespace
}  // namespace genesis::data
