#include "models/qwen/pretrained.h"

#include <gtest/gtest.h>

#include "data/tokenizer/huggingface_vocabulary.h"
#include "data/tokenizer/tiktoken_file.h"
#include "models/generation/text_generator.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::models {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;

TEST(Pretrained, RepositoryNamesOfTheMakers) {
  const auto name = [](std::string_view type, std::string_view size, std::string_view variant) {
    return repository_name({.model_type = type, .size = size, .variant = variant});
  };
  EXPECT_EQ(name("qwen1", "1.8B", "chat"), "Qwen-1_8B-Chat");
  EXPECT_EQ(name("qwen1", "7B", "base"), "Qwen-7B");
  EXPECT_EQ(name("qwen1", "14B", "instruct"), "Qwen-14B-Chat");
  EXPECT_EQ(name("qwen1", "32B", "chat"), "Qwen1.5-32B-Chat");
  EXPECT_EQ(name("qwen1.5", "1.8B", "base"), "Qwen1.5-1.8B");
  EXPECT_EQ(name("qwen3", "8B", "chat"), "Qwen3-8B");
  EXPECT_EQ(name("qwen3", "8B", "base"), "Qwen3-8B-Base");
  EXPECT_THROW(name("gpt", "7B", "chat"), ConfigError);
  EXPECT_THROW(name("qwen1", "../7B", "chat"), ConfigError);
  EXPECT_THROW(name("qwen1", "7B", "best"), ConfigError);
}

/// A model folder with an initialised model of this vocabulary.
void write_model(const std::filesystem::path& folder, int64_t vocab_size) {
  const QwenModel model(
      {.vocab_size = vocab_size, .n_layer = 1, .n_head = 2, .n_embd = 16, .max_seq_len = 64, .dropout = 0});
  model.save(folder);
  data::write_tiktoken(genesis::testing::tiny_tokenizer().vocabulary(), folder / "qwen.tiktoken");
}

TEST(Pretrained, LoadsAFolderByNameAndSpeaks) {
  const TempFolder folder;
  const auto reference = genesis::testing::tiny_tokenizer();
  write_model(folder / "Qwen-7B-Chat", 640);
  auto [model, tokenizer, config] =
      load_pretrained_model({.size = "7B", .dtype = DType::f32, .models_folder = folder.path()});
  EXPECT_FALSE(model->is_training());
  EXPECT_EQ(config.vocab_size, 640);
  EXPECT_EQ(tokenizer.vocab_size(), reference.vocab_size());

  TextGenerator generator(*model, tokenizer);
  generator.config.max_new_tokens = 12;
  std::string streamed;
  const std::string answer =
      generator.chat("What is the sum of 7 and 8?", [&](std::string_view piece) { streamed += piece; });
  EXPECT_EQ(streamed, answer);
  const data::Conversation question{.system = {},
                                    .turns = {{data::Role::user, "What is the sum of 7 and 8?"}}};
  EXPECT_EQ(generator.chat(std::vector<data::Conversation>{question, question}),
            (std::vector<std::string>{answer, answer}));
  EXPECT_FALSE(generator.generate("The quick brown").empty());
}

TEST(Pretrained, ErrorsSayWhatIsMissing) {
  const TempFolder folder;
  const std::string message = message_of<CheckpointError>(
      [&] { load_pretrained_model({.size = "1.8B", .models_folder = folder.path()}); });
  EXPECT_NE(message.find("Qwen-1_8B-Chat"), std::string::npos) << message;
  EXPECT_NE(message.find("git clone"), std::string::npos) << message;
  write_model(folder / "small", 100);  // fewer rows than the tokenizer has tokens
  EXPECT_NE(message_of<ConfigError>([&] { load_pretrained_model(folder / "small"); }).find("vocab_size 100"),
            std::string::npos);
  std::filesystem::remove(folder / "small/qwen.tiktoken");
  EXPECT_THROW(load_pretrained_model(folder / "small"), DataError);
  std::filesystem::remove(folder / "small/config.json");
  EXPECT_THROW(load_pretrained_model(folder / "small"), ConfigError);
}

}  // namespace
}  // namespace genesis::models
