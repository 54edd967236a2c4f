#pragma once
#include <optional>
#include <string_view>

#include "data/chat/conversation.h"
#include "data/formats/json_value.h"

namespace genesis::data {

/// How a record spells a conversation. Keys that are not named here are ignored.
///   conversations:      {"conversations": [{"from": "user", "value": "..."}, ...]}; ShareGPT's "human" is
///   the
///                       user, its "gpt", "chatgpt", "bing" and "bard" the assistant; {"system": "..."}
///                       beside it, or a first turn from "system"
///   messages:           {"messages": [{"role": "user", "content": "..."}, ...]}; the system text likewise
///                       A turn of these two may say "train": true | false, or "weight": 0 | 1 (0 is
///                       train: false), and may use the other one's two keys.
///   alpaca:             {"instruction": "...", "input": "...", "output": "..."}; input (may be empty or
///   absent)
///                       is put on its own line under the instruction; optional "system" and "history":
///                       [["q","a"], ...]
///   prompt_completion:  {"prompt": "...", "completion": "..."}; optional "system"
///   text:               {"text": "..."}: a document, no conversation
enum class RecordFormat : uint8_t { conversations, messages, alpaca, prompt_completion, text };

std::string_view name_of(RecordFormat format);
/// The format of a word, absent for "auto"; "sharegpt" is conversations.
/// Errors: ConfigError naming the accepted words.
std::optional<RecordFormat> record_format_from(std::string_view word);

/// The one format whose keys this record has.
/// Errors: RecordError at the record when it has the keys of none or of several.
RecordFormat detect_format(const JsonValue& record, const TextSource& source);

/// The record as a conversation: at least one assistant turn, no empty turn, roles in turn, a system text at
/// most at the beginning; or as a document that is not empty. Errors: RecordError `file:line:column: reason`
/// at the value that is missing, of the wrong type, empty, or has an unknown role, or a role out of turn.
Conversation conversation_from(const JsonValue& record, RecordFormat format, const TextSource& source);

}  // namespace genesis::data
