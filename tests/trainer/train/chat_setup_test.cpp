#include "trainer/train/chat_setup.h"

#include <gtest/gtest.h>

#include "data/shards/chat_digest.h"
#include "tests/support/bigram_model.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {
namespace {

constexpr const char* kKind =
    R"({"chat_template": "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %})"
    R"({% for m in messages %}<|im_start|>{{ m.role + '\n' + m.content }}<|im_end|>\n{% endfor %})"
    R"({% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"})";

class ChatSetup : public ::testing::Test {
 protected:
  ChatSetup() { config_.model_name_or_path = testing::write_random_model(folder_ / "m").string(); }
  data::ChatFormat chat() const { return training_chat(config_, testing::tiny_tokenizer()); }
  std::string system() const { return chat().chat_template().default_system.value_or("none"); }

  testing::TempFolder folder_;
  TrainConfig config_;
};

TEST_F(ChatSetup, AutomaticIsTheFamilysWithoutATemplate) {
  EXPECT_EQ(config_.chat_template, ChatTemplateName::automatic);
  EXPECT_EQ(chat().chat_template().name, "qwen");
  TrainConfig scratch;
  scratch.model.model_type = models::QwenFamily::qwen3;
  EXPECT_EQ(training_chat(scratch, testing::tiny_tokenizer()).chat_template().name, "qwen3");
  EXPECT_EQ(training_chat({}, testing::tiny_tokenizer()).chat_template().name, "qwen");
}

TEST_F(ChatSetup, AutomaticIsTheFoldersOwnAndSpeaksAsChatDoes) {
  folder_.write("m/tokenizer_config.json", kKind);
  EXPECT_EQ(system(), "Be kind.");
  const data::Conversation conversation{
      .system = {},
      .turns = {{data::Role::user, "a"}, {data::Role::assistant, "b"}, {data::Role::user, "c"}}};
  const auto trained = chat().training_tokens(conversation, data::LossOn::assistant).ids;
  auto model = open_model({config_.model_name_or_path, {}, {}, {}});
  const auto asked = model.chat.prompt(conversation).ids;
  ASSERT_GT(asked.size(), trained.size());  // the prompt asks for an answer behind the same tokens
  EXPECT_TRUE(std::equal(trained.begin(), trained.end(), asked.begin()));
  config_.chat_template = ChatTemplateName::qwen25;
  EXPECT_NE(system(), "Be kind.");
}

TEST_F(ChatSetup, TheTokenizersFolderComesFirst) {
  folder_.write("m/tokenizer_config.json", kKind);
  std::filesystem::create_directories(folder_ / "t");
  std::string other = kKind;
  other.replace(other.find("kind"), 4, "brief");
  folder_.write("t/tokenizer_config.json", other);
  config_.tokenizer = (folder_ / "t").string();
  EXPECT_EQ(system(), "Be brief.");
}

TEST_F(ChatSetup, TokenisedDataDependOnWhatTheTemplateSaysAndNotOnWhereItLies) {
  const std::string family = template_digest(chat());
  folder_.write("m/tokenizer_config.json", kKind);
  const std::string own = template_digest(chat());
  EXPECT_NE(own, family);
  std::filesystem::rename(folder_ / "m", folder_ / "elsewhere");
  config_.model_name_or_path = (folder_ / "elsewhere").string();
  EXPECT_EQ(template_digest(chat()), own);
}

TEST_F(ChatSetup, ATemplateThatCannotBeReadStopsTheRun) {
  folder_.write("m/tokenizer_config.json", R"({"chat_template": "{% macro f() %}"})");
  const auto text = testing::message_of<DataError>([&] { chat(); });
  EXPECT_NE(text.find("tokenizer_config.json"), std::string::npos) << text;
  config_.chat_template = ChatTemplateName::qwen;  // and a built-in one is a way out
  EXPECT_EQ(chat().chat_template().name, "qwen");
}

}  // namespace
}  // namespace genesis::trainer
