#include "models/generation/text_generator.h"

#include <algorithm>

#include "data/chat/tokenizer_encoder.h"
#include "data/tokenizer/streaming_decoder.h"

namespace genesis::models {
namespace {

constexpr data::DecodeOptions kPlain{.skip_special = true};

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
  return run(format_.prompt(conversation, config.max_window_size).ids, format_.stop_ids(), on_text);
}

std::vector<std::string> TextGenerator::chat(const std::vector<data::Conversation>& conversations) {
  std::vector<std::vector<int32_t>> prompts;
  for (const auto& c : conversations) prompts.push_back(format_.prompt(c, config.max_window_size).ids);
  std::vector<std::string> texts;
  for (const auto& text : models::generate(model_, prompts, settings_with(format_.stop_ids())))
    texts.push_back(tokenizer_.decode(text.tokens, kPlain));
  return texts;
}

std::string TextGenerator::generate(std::string_view prompt, const TextCallback& on_text) {
  return run(tokenizer_.encode(prompt), {format_.encoder().eod}, on_text);
}

GenerationConfig TextGenerator::settings_with(const std::vector<int32_t>& stops) const {
  GenerationConfig settings = config;
  settings.usable_ids = tokenizer_.vocab_size();
  settings.stop_ids.insert(settings.stop_ids.end(), stops.begin(), stops.end());
  return settings;
}

std::string TextGenerator::run(const std::vector<int32_t>& prompt, const std::vector<int32_t>& stops,
                               const TextCallback& on_text) {
  GenerationConfig settings = settings_with(stops);
  settings.num_return_sequences = 1;
  data::StreamingDecoder stream(tokenizer_, kPlain);
  TokenCallback on_token;
  if (on_text) {
    on_token = [&](int64_t, int32_t token) {
      if (const auto piece = stream.push(token); !piece.empty()) on_text(piece);
      return true;
    };
  }
  const auto text = models::generate(model_, {prompt}, settings, on_token).front();
  if (on_text) {
    if (const auto rest = stream.finish(); !rest.empty()) on_text(rest);
  }
  return tokenizer_.decode(text.tokens, kPlain);
}

}  // namespace genesis::models
