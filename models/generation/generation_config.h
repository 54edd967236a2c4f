#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::models {

/// How new tokens are chosen and when to stop. The defaults are greedy choice with no stop token.
struct GenerationConfig {
  int64_t max_new_tokens = 512;
  bool do_sample = false;    ///< false: the largest logit, the lowest id on a tie
  double temperature = 1.0;  ///< logits are divided by it
  int64_t top_k = 0;         ///< only the k likeliest tokens; 0: all
  double top_p = 1.0;        ///< only the likeliest tokens that together reach this probability
  double repetition_penalty =
      1.0;  ///< tokens already in the text: positive logits divided, negative multiplied
  uint64_t seed = 0;
  int64_t num_return_sequences = 1;  ///< continuations of each prompt; above 1 only with do_sample; never
                                     ///< from a file
  int64_t max_window_size =
      6144;                ///< tokens of a chat's system text and history; see data::ChatFormat::prompt
  int64_t usable_ids = 0;  ///< ids from here on are padding of the head and never chosen; 0: all are tokens
  std::vector<int64_t> stop_ids;  ///< ends the text; the stop token itself is the last one returned

  /// Errors: ConfigError naming field and value.
  void check() const;

  /// Reads generation_config.json (or the folder that has it); keys that choose tokens and the ids that stop.
  ///   chat_format "chatml" adds Qwen's chat stop ids (<|im_end|>, <|im_start|>) to eos_token_id.
  /// Errors: ConfigError naming file, key and value.
  static GenerationConfig from_json(const std::filesystem::path& path);
  /// The same from the file's text; `file` stands for it in messages.
  static GenerationConfig parse(std::string_view text, const std::string& file);
};

}  // namespace genesis::models
