#include "data/chat/folder_template.h"

#include <nlohmann/json.hpp>

#include "data/tokenizer/text_file.h"
#include "data/tokenizer/vocabulary.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

namespace fs = std::filesystem;

std::string block(std::string_view role, std::string_view content) {
  return fmt::format("<|im_start|>{}\n{}<|im_end|>\n", role, content);
}

/// The conversation in ChatML, the answer asked for.
std::string chatml(const Conversation& c, const std::optional<std::string>& default_system) {
  const auto& system = c.system ? c.system : default_system;
  std::string text = system ? block("system", *system) : "";
  for (const Turn& turn : c.turns) text += block(name_of(turn.role), turn.text);
  return text + "<|im_start|>assistant\n";
}

Conversation conversation_of(bool system, bool history) {
  Conversation c;
  if (system) c.system = "Be brief.";
  if (history) c.turns = {{Role::user, "One?"}, {Role::assistant, "Yes."}};
  c.turns.push_back({Role::user, "And two?"});
  return c;
}

/// The system text before the first turn, where nobody gave one.
std::optional<std::string> default_system_of(const std::string& printed) {
  constexpr std::string_view kOpen = "<|im_start|>system\n", kClose = "<|im_end|>\n";
  if (!printed.starts_with(kOpen)) return std::nullopt;
  const size_t end = printed.find(kClose);
  return printed.substr(kOpen.size(), end == std::string::npos ? end : end - kOpen.size());
}

/// The text of the key chat_template, if the config has one.
std::optional<std::string> template_text(const nlohmann::json& config, const std::string& file) {
  if (!config.is_object()) throw DataError("{}: must be a JSON object", file);
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (found->is_array())
    for (const auto& entry : *found)
      if (entry.is_object() && entry.value("name", nlohmann::json()) == "default" &&
          entry.contains("template") && entry["template"].is_string())
        return entry["template"].get<std::string>();
  throw DataError("{}: key 'chat_template': expected a text, or a list with a template named \"default\"",
                  file);
}

}  // namespace

std::string render_chat(const jinja::Template& chat, const Conversation& conversation) {
  using jinja::dict_of;
  std::vector<jinja::Value> messages;
  if (conversation.system)
    messages.push_back(dict_of({{"role", "system"}, {"content", *conversation.system}}));
  for (const Turn& turn : conversation.turns)
    messages.push_back(dict_of({{"role", std::string(name_of(turn.role))}, {"content", turn.text}}));
  return chat.render({{"messages", jinja::list_of(std::move(messages))},
                      {"add_generation_prompt", true},
                      {"tools", jinja::None{}},
                      {"documents", jinja::None{}}});
}

ChatTemplate parse_chat_template(std::string_view source, const std::string& name) {
  auto parsed = std::make_shared<const jinja::Template>(source, name);
  ChatTemplate chat{name, default_system_of(render_chat(*parsed, conversation_of(false, false))), false,
                    parsed};
  for (const bool system : {false, true})
    for (const bool history : {false, true}) {
      const Conversation c = conversation_of(system, history);
      const std::string printed = render_chat(*parsed, c), wanted = chatml(c, chat.default_system);
      if (printed != wanted)
        throw DataError(
            "{}: this is not Qwen's ChatML: it prints '{}' where '{}' is expected; --template names one that "
            "is built in",
            name, printable(std::string_view(printed).substr(0, 300)), printable(wanted));
    }
  return chat;
}

std::optional<ChatTemplate> read_chat_template(const fs::path& folder) {
  std::error_code ignored;
  if (const fs::path own = folder / "chat_template.jinja"; fs::is_regular_file(own, ignored))
    return parse_chat_template(read_text_file(own), own.string());
  const fs::path config = folder / "tokenizer_config.json";
  if (!fs::is_regular_file(config, ignored)) return std::nullopt;
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(read_text_file(config));
  } catch (const nlohmann::json::exception& error) {
    throw DataError("{}: {:.200}", config.string(), error.what());
  }
  const auto text = template_text(json, config.string());
  if (!text) return std::nullopt;
  return parse_chat_template(*text, config.string() + ": chat_template");
}

}  // namespace genesis::data
