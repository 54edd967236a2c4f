#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace genesis::data::jinja {
class Template;
}

namespace genesis::data {

/// What differs between the families' ChatML; the layout of a block is the same in all.
struct ChatTemplate {
  std::string name;
  /// System text where a conversation has none; absent: no system block then.
  std::optional<std::string> default_system;
  /// Qwen-1 conversations begin with the user; a leading assistant turn is left out (counted by the dataset).
  bool user_speaks_first = false;
  /// A folder's own template: prompts are what it prints, with special forms parsed, as in transformers'
  /// apply_chat_template. Absent: the blocks of chat_format.h.
  std::shared_ptr<const jinja::Template> jinja = nullptr;
};

/// The template of a name: `qwen` (Qwen-1, alias `qwen1`), `qwen1.5` (alias `qwen2`), `qwen2.5`, `qwen3`.
/// Errors: ConfigError naming the accepted names.
/// Source: Qwen-7B qwen_generation_utils.py (qwen); chat_template of Qwen1.5-7B-Chat and Qwen2.5; Qwen3 has
/// no default system text.
ChatTemplate chat_template(std::string_view name);

}  // namespace genesis::data
