#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/generation/kept_text.h"
#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {

/// Why a text ended: at a stop token, at max_new_tokens or the end of the context, or by whoever listened.
enum class FinishReason : uint8_t { stop, length, interrupted };
std::string_view name_of(FinishReason reason);

/// A prompt and how much may follow it.
struct Prompt {
  std::vector<int32_t> ids;
  int64_t max_new_tokens = 0;
};

/// What followed a prompt.
struct Answer {
  std::string text;          ///< without special tokens
  std::vector<int32_t> ids;  ///< every new token, a stop token included
  FinishReason finish = FinishReason::length;
};

/// Called with each new piece of an answer's text, in whole characters (it may be empty); false ends that
/// answer.
using PieceCallback = std::function<bool(size_t answer, std::string_view piece)>;

/// Answers prompts of any lengths, many at a time, on all threads. An answer ends at the context's end at the
/// latest; `settings.max_new_tokens` is not used (each prompt has its own). With
/// `settings.num_return_sequences` n, answers p n to p n + n - 1 are those to prompt p.
/// Errors: as models::generate; genesis::Error for a prompt that fills the context (see prompt_of).
/// Determinism: an answer depends on settings, prompt and its number; what it is batched with changes
/// rounding alone.
std::vector<Answer> answer(LoadedModel& model, const std::vector<Prompt>& prompts,
                           const models::GenerationConfig& settings, const PieceCallback& on_piece = {});

/// One answer to one prompt, continued from what `kept` holds of it (models::KeptText). Otherwise as
/// answer().
Answer answer_keeping(LoadedModel& model, const Prompt& prompt, const models::GenerationConfig& settings,
                      models::KeptText& kept, const PieceCallback& on_piece = {});

/// Texts that are continued at once: as many as have room in about 4 GiB of keys and values, 1 to 64.
int64_t batch_that_fits(const models::QwenConfig& config, DType dtype, int64_t tokens_each);

}  // namespace genesis::trainer
