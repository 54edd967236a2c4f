#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "data/chat/chat_template.h"
#include "data/chat/conversation.h"
#include "data/jinja/template.h"

namespace genesis::data {

/// The chat template a model folder brings: chat_template.jinja, or the key chat_template of
/// tokenizer_config.json (a text, or a list with one called "default"). Nothing when it has neither.
///   It is tried on small conversations: what it prints must be ChatML. What it puts before a conversation
///   without a system text becomes default_system, which training uses too.
/// Errors: DataError naming file and key, or file and the template's line: no JSON, not ChatML, Jinja that is
/// not known.
std::optional<ChatTemplate> read_chat_template(const std::filesystem::path& folder);

/// The same from the template's text; `name` stands for its place in messages.
ChatTemplate parse_chat_template(std::string_view source, const std::string& name);

/// What a template prints for a conversation that asks for an answer (add_generation_prompt).
/// Errors: DataError with the template's line.
std::string render_chat(const jinja::Template& chat, const Conversation& conversation);

}  // namespace genesis::data
