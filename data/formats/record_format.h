#pragma once
#include <string_view>

#include "data/chat/conversation.h"
#include "data/formats/json_value.h"

namespace genesis::data {

/// How a record spells a conversation. Keys that are not named here are ignored.
///   conversations:      {"conversations": [{"from": "user", "value": "..."}, ...]}; "human" and "gpt" are
///   read as
///                       user and assistant; {"system": "..."} beside it, or a first turn from "system"
///   messages:           {"messages": [{"role": "user", "content": "..."}, ...]}; the system text is a first
///   message alpaca:             {"instruction": "...", "input": "...", "output": "..."}; input (may be empty
///   or absent) is
///                       put on its own line under the instruction; optional "system" and "history":
///                       [["q","a"], ...]
///   prompt_completion:  {"prompt": "...", "completion": "..."}; optional "system"
enum class RecordFormat : uint8_t { conversations, messages, alpaca, prompt_completion };

std::string_view name_of(RecordFormat format);
/// Errors: ConfigError naming the accepted words.
RecordFormat record_format_from(std::string_view word);

/// The one format whose keys this record has.
/// Errors: DataError at the record when it has the keys of none or of several.
RecordFormat detect_format(const JsonValue& record, const TextSource& source);

/// The record as a conversation: at least one assistant turn, no empty turn, roles in turn, a system text at
/// most at the beginning. Errors: DataError `file:line:column: reason` at the value that is missing, of the
/// wrong type, empty, or has an unknown role, or a role out of turn.
Conversation conversation_from(const JsonValue& record, RecordFormat format, const TextSource& source);

}  // namespace genesis::data
