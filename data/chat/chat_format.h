#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/chat/chat_template.h"
#include "data/chat/conversation.h"
#include "data/chat/text_encoder.h"

namespace genesis::data {

/// The label of a token that carries no loss.
inline constexpr int32_t kIgnoredLabel = -100;

/// Which tokens carry loss.
///   assistant: every answer and the `<|im_end|>` after it
///   all:       every token
///   last_turn: the last answer and its `<|im_end|>`
///   qwen1:     the official Qwen-1 recipe: answers, and `<|im_start|>`, `<|im_end|>` and the newline after
///   it in
///              every block; contents are encoded with special forms parsed
/// A turn that says `train: false` carries none under any rule; one that says `train: true` carries its
/// content and `<|im_end|>` under every rule. Losses of a turn weigh its `weight`.
enum class LossOn : uint8_t { assistant, all, qwen1, last_turn };

std::string_view name_of(LossOn loss_on);
/// Errors: ConfigError naming the accepted words.
LossOn loss_on_from(std::string_view word);

/// Token ids and, for each, its own id or kIgnoredLabel. Labels are NOT shifted: label[t] belongs to ids[t];
/// the one right shift is made where a batch is built.
struct LabelledTokens {
  std::vector<int32_t> ids;
  std::vector<int32_t> labels;
  /// [turns]: how many of the ids end with each turn of the conversation; for cutting at a whole turn.
  std::vector<int32_t> turn_ends = {};
  /// [ids]: what each token's loss weighs, above 0 where it carries any; empty when all weigh 1.
  std::vector<float> weights = {};
};

/// A prompt for inference: the ids, and the same as text for people.
struct ChatPrompt {
  std::vector<int32_t> ids;
  std::string text;
};

/// ChatML for one tokenizer and one template. A block is
///   <|im_start|>ROLE⏎CONTENT<|im_end|>⏎
/// laid down piece by piece: ROLE, ⏎ and CONTENT are encoded on their own, so the loss mask is known as the
/// tokens are written and a content can neither merge with the markup nor (unless LossOn::qwen1) forge it.
/// Const calls may run on several threads.
class ChatFormat {
 public:
  ChatFormat(TextEncoder encoder, ChatTemplate chat_template);

  /// The training sequence: system block, then a block per turn, each with its closing `<|im_end|>⏎`.
  /// Under a template where the user speaks first, one leading assistant turn is left out. A document is its
  /// text and the end-of-document token, every token with loss.
  ///   parse_special: special forms written in a content (`<|im_end|>`, ...) become their tokens; without it
  ///   they are text. LossOn::qwen1 always parses them, as the official recipe does.
  /// Source: QwenLM/Qwen finetune.py `preprocess` (without its padding) for LossOn::qwen1.
  LabelledTokens training_tokens(const Conversation& conversation, LossOn loss_on,
                                 bool parse_special = false) const;

  /// The prompt that asks for the answer to the last turn, which must be the user's: system block, the newest
  /// exchanges of the history that fit, the last turn, and `<|im_start|>assistant⏎`.
  ///   History is taken from the newest backwards while system + exchange + kept history < max_window_size
  ///   tokens; the first exchange that does not fit ends it. max_window_size <= 0: all of it.
  ///   With a template of Jinja the text is what it prints, and the window counts all of it.
  /// Errors: genesis::Error when the last turn is not the user's; DataError of the template.
  /// Source: Qwen-7B qwen_generation_utils.py `make_context` (max_window_size 6144 in its generation config).
  ChatPrompt prompt(const Conversation& conversation, int64_t max_window_size = 6144) const;

  /// Ids that end an answer: `<|im_end|>`, `<|im_start|>`, end of document.
  std::vector<int32_t> stop_ids() const;

  /// True where training_tokens leaves the first turn out.
  bool leaves_first_turn_out(const Conversation& conversation) const;

  const ChatTemplate& chat_template() const { return template_; }
  const TextEncoder& encoder() const { return encoder_; }

 private:
  struct Writer;
  ChatPrompt prompt_by_template(Conversation conversation, int64_t max_window_size) const;
  const std::vector<int32_t>& role_ids(Role role) const { return role == Role::user ? user_ : assistant_; }

  TextEncoder encoder_;
  ChatTemplate template_;
  std::vector<int32_t> system_, user_, assistant_, newline_;  // ids of the role names and of "\n"
};

}  // namespace genesis::data
