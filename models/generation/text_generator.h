#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/chat/chat_format.h"
#include "data/tokenizer/tokenizer.h"
#include "models/generation/generate.h"

namespace genesis::models {

/// Called with each piece of new text as soon as it is certain; whole characters only.
using TextCallback = std::function<void(std::string_view piece)>;

/// A model that speaks text: prompts in, answers out, special tokens left out of them.
///   TextGenerator generator(*model, tokenizer);
///   std::string answer = generator.chat("Explain standard multi-head attention");
class TextGenerator {
 public:
  /// The model's family chooses the chat template ("qwen", "qwen1.5", "qwen3") unless `chat_template` names
  /// one. A folder's own: data::read_chat_template and the second form.
  ///   Settings begin as model.generation; the chat format's stop tokens are added to them for chat().
  /// Errors: DataError when the tokenizer has no chat tokens; ConfigError when it has more tokens than the
  /// model.
  TextGenerator(QwenModel& model, const data::Tokenizer& tokenizer, std::string_view chat_template = {});
  TextGenerator(QwenModel& model, const data::Tokenizer& tokenizer, data::ChatTemplate chat_template);

  /// The answer to one question, or to a conversation whose last turn is the user's.
  std::string chat(std::string_view question, const TextCallback& on_text = {});
  std::string chat(const data::Conversation& conversation, const TextCallback& on_text = {});
  /// The answers to many conversations, batched; with config.num_return_sequences n, n to each, one after the
  /// other. (The calls that return one text make one.)
  std::vector<std::string> chat(const std::vector<data::Conversation>& conversations);
  /// The continuation of a text; stops at the end of document too.
  std::string generate(std::string_view prompt, const TextCallback& on_text = {});

  GenerationConfig config;  ///< settings of every call
  const data::ChatFormat& format() const { return format_; }

 private:
  std::string run(const std::vector<int32_t>& prompt, const std::vector<int32_t>& stops,
                  const TextCallback& on_text);
  /// The settings with what every call adds to them.
  GenerationConfig settings_with(const std::vector<int32_t>& stops) const;

  QwenModel& model_;
  data::Tokenizer tokenizer_;
  data::ChatFormat format_;
};

}  // namespace genesis::models
