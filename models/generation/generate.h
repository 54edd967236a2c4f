#pragma once
#include <functional>
#include <vector>

#include "models/generation/generation_config.h"
#include "models/generation/kept_text.h"
#include "models/qwen/model.h"

namespace genesis::models {

/// A text that follows a prompt.
struct GeneratedText {
  std::vector<int32_t> tokens;  ///< new tokens only; the last may be a stop token
  bool stopped = false;         ///< at a stop token or by the callback, not at max_new_tokens
};

/// Called with the number of the text and each new token as soon as it is chosen; false ends that text.
using TokenCallback = std::function<bool(int64_t text, int32_t token)>;

/// Continues prompts of any lengths with a key/value cache, up to `max_batch` texts at a time; a text that
/// ends makes room for the next one at once. The model's mode is eval() meanwhile. Runs under the caller's
/// autocast.
///   With num_return_sequences n, texts p n to p n + n - 1 continue prompt p; those that begin together share
///   one pass over the prompt.
/// Shapes: prompts [P] of token ids, none empty; the result [P n]
/// Errors: genesis::Error for an empty prompt or an id outside the vocabulary, ConfigError for the settings.
/// Determinism: each text's random draws depend on the seed, its number and the step alone.
std::vector<GeneratedText> generate(QwenModel& model, const std::vector<std::vector<int32_t>>& prompts,
                                    const GenerationConfig& config, const TokenCallback& on_token = {},
                                    int64_t max_batch = 32);

/// One prompt, continued once from what `kept` holds of it; prompt and continuation are kept in turn. The
/// tokens are those of generate() up to rounding: a prompt computed in two parts takes products of other
/// heights.
GeneratedText generate(QwenModel& model, const std::vector<int32_t>& prompt, const GenerationConfig& config,
                       KeptText& kept, const TokenCallback& on_token = {});

}  // namespace genesis::models
