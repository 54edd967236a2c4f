#include "data/chat/folder_template.h"

#include <gtest/gtest.h>

#include "data/chat/chat_format.h"
#include "data/chat/tokenizer_encoder.h"
#include "kernels/core/error.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::data {
namespace {

// In the manner of Qwen1.5: a default system text where the first message is none.
constexpr const char* kWithDefault =
    "{% for m in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ "
    "'<|im_start|>system\\nBe kind.<|im_end|>\\n' }}"
    "{% endif %}{{'<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
// In the manner of Qwen3: no default; thoughts of earlier answers are left out; the last question is searched
// from the end.
constexpr const char* kThinking = R"({%- if tools %}
    {{- 'tools are not used here' }}
{%- endif %}
{%- set ns = namespace(open=true, last=messages|length - 1) %}
{%- for m in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.open and m.role == "user" and m.content is string and not(m.content.startswith('<tool>') and m.content.endswith('</tool>')) %}
        {%- set ns.open = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for m in messages %}
    {%- set content = m.content if m.content is string else '' %}
    {%- if m.role == 'assistant' and '</think>' in content %}
        {%- set content = content.split('</think>')[-1].lstrip('\n') %}
    {%- endif %}
    {{- '<|im_start|>' + m.role + '\n' + content + '<|im_end|>' + '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %})";

TEST(FolderTemplate, SystemTextComesFromTheTemplate) {
  EXPECT_EQ(parse_chat_template(kWithDefault, "t").default_system, "Be kind.");
  EXPECT_EQ(parse_chat_template(kThinking, "t").default_system, std::nullopt);
}

TEST(FolderTemplate, PromptIsWhatTheTemplatePrints) {
  const Tokenizer tokenizer = genesis::testing::tiny_tokenizer();
  const ChatFormat chat(text_encoder(tokenizer), parse_chat_template(kThinking, "t"));
  const Conversation c{
      {}, {{Role::user, "One?"}, {Role::assistant, "<think>\nhm\n</think>\n\nYes."}, {Role::user, "Two?"}}};
  const ChatPrompt p = chat.prompt(c);
  EXPECT_EQ(p.text,
            "<|im_start|>user\nOne?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n"
            "<|im_start|>user\nTwo?<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(p.ids, tokenizer.encode(p.text));
}

TEST(FolderTemplate, WindowDropsTheOldestExchanges) {
  const Tokenizer tokenizer = genesis::testing::tiny_tokenizer();
  const ChatFormat chat(text_encoder(tokenizer), parse_chat_template(kWithDefault, "t"));
  Conversation c;
  for (int i = 0; i < 6; ++i) {
    c.turns.push_back({Role::user, "question " + std::to_string(i)});
    c.turns.push_back({Role::assistant, "answer " + std::to_string(i)});
  }
  c.turns.push_back({Role::user, "last"});
  const size_t all = chat.prompt(c, 0).ids.size();
  const ChatPrompt some = chat.prompt(c, int64_t(all) - 1);
  EXPECT_EQ(some.text.find("question 0"), std::string::npos);
  EXPECT_NE(some.text.find("question 1"), std::string::npos);
  EXPECT_NE(some.text.find("Be kind."), std::string::npos);
  const ChatPrompt none = chat.prompt(c, 1);
  EXPECT_EQ(none.text.find("question"), std::string::npos);
  EXPECT_NE(none.text.find("last"), std::string::npos);
}

TEST(FolderTemplate, ReadFromTheFilesOfAFolder) {
  const genesis::testing::TempFolder folder;
  EXPECT_FALSE(read_chat_template(folder.path()));
  folder.write("tokenizer_config.json", R"({"chat_template": null})");
  EXPECT_FALSE(read_chat_template(folder.path()));
  folder.write(
      "tokenizer_config.json",
      R"({"chat_template": [{"name": "tool_use", "template": "x"}, {"name": "default", "template": "{% for m in messages %}<|im_start|>{{ m.role + '\n' + m.content }}<|im_end|>\n{% endfor %}{{ '<|im_start|>assistant\\n' }}"}]})");
  EXPECT_EQ(read_chat_template(folder.path())->default_system, std::nullopt);
  folder.write("chat_template.jinja", kWithDefault);  // its own file comes first, as in transformers 5
  EXPECT_EQ(read_chat_template(folder.path())->default_system, "Be kind.");
}

TEST(FolderTemplate, WhatIsNotChatMlIsRefused) {
  const genesis::testing::TempFolder folder;
  const auto message = [&](const char* config) {
    folder.write("tokenizer_config.json", config);
    return genesis::testing::message_of<DataError>([&] { read_chat_template(folder.path()); });
  };
  EXPECT_NE(message(R"({"chat_template": "{% for m in messages %}[INST] {{ m.content }}{% endfor %}"})")
                .find("not Qwen's ChatML"),
            std::string::npos);
  EXPECT_NE(
      message(R"({"chat_template": "a\n{% macro f() %}"})").find("chat_template:2: the statement 'macro'"),
      std::string::npos);
  EXPECT_NE(message(R"({"chat_template": 3})").find("expected a text"), std::string::npos);
  EXPECT_NE(message("{").find("tokenizer_config.json"), std::string::npos);
}

}  // namespace
}  // namespace genesis::data
