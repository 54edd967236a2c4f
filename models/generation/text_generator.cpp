#include "models/generation/text_generator.h"

#include <algorithm>

#include "data/chat/tokenizer_encoder.h"
#include "data/tokenizer/streaming_decoder.h"

namespace genesis::models {
namespace {

std::string_view template_of(QwenFamily family) {
  return family == QwenFamily::qwen1 ? "qwen" : family == QwenFamily::qwen15 ? "qwen1.5" : "qwen3";
}

}  // namespace

TextGenerator::TextGenerator(QwenModel& model, const data::Tokenizer& tokenizer,
                             std::string_view chat_template)
    : TextGenerator(
          model, tokenizer,
          data::chat_template(chat_template.empty() ? template_of(model.config().family) : chat_template)) {}

TextGenerator::TextGenerator(QwenModel& model, const data::Tokenizer& tokenizer,
                             data::ChatTemplate chat_template)
    : config(model.generation),
      model_(model),
      tokenizer_(tokenizer),
      format_(data::text_encoder(tokenizer), std::move(chat_template)) {
  if (tokenizer.vocab_size() > model.config().vocab_size) {
    throw ConfigError("the tokenizer has {} tokens, the model's vocab_size is {}", tokenizer.vocab_size(),
                      model.config().vocab_size);
  }
}

std::string TextGenerator::chat(std::string_view question, const TextCallback& on_text) {
  return chat(data::Conversation{.system = {}, .turns = {{data::Role::user, std::string(question)}}},
              on_text);
}

std::string TextGenerator::chat(const data::Conversation& conversation, const TextCallback& on_text) {
  return run({format_.prompt(conversation).ids}, format_.stop_ids(), on_text)[0];
}

std::vector<std::string> TextGenerator::chat(const std::vector<data::Conversation>& conversations) {
  std::vector<std::vector<int32_t>> prompts;
  for (const auto& c : conversations) prompts.push_back(format_.prompt(c).ids);
  return run(prompts, format_.stop_ids(), {});
}

std::string TextGenerator::generate(std::string_view prompt, const TextCallback& on_text) {
  return run({tokenizer_.encode(prompt)}, {format_.encoder().eod}, on_text)[0];
}

std::vector<std::string> TextGenerator::run(const std::vector<std::vector<int32_t>>& prompts,
                                            const std::vector<int32_t>& stops, const TextCallback& on_text) {
  GenerationConfig settings = config;
  settings.usable_ids = tokenizer_.vocab_size();
  settings.stop_ids.insert(settings.stop_ids.end(), stops.begin(), stops.end());
  const data::DecodeOptions plain{.skip_special = true};
  data::StreamingDecoder stream(tokenizer_, plain);
  TokenCallback on_token;
  if (on_text) {
    on_token = [&](int64_t, int32_t token) {
      if (const auto piece = stream.push(token); !piece.empty()) on_text(piece);
      return true;
    };
  }
  std::vector<std::string> texts;
  for (const auto& text : models::generate(model_, prompts, settings, on_token))
    texts.push_back(tokenizer_.decode(text.tokens, plain));
  if (on_text) {
    if (const auto rest = stream.finish(); !rest.empty()) on_text(rest);
  }
  return texts;
}

}  // namespace genesis::models
