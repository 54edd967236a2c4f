#pragma once
#include <optional>
#include <string_view>

#include "data/formats/conversation_reader.h"

namespace genesis::fuzz {

/// Reads the records of a chat file of hostile bytes, past some that are refused: each costs an exception,
/// and four show what a hundred would.
inline void read_chat_file(std::string_view bytes, std::optional<data::RecordFormat> format) {
  data::ConversationReader reader(data::TextSource(bytes, "fuzz"), format);
  int refused = 0;
  while (true) try {
      const auto record = reader.next();
      if (!record) return;
      const data::Conversation& talk = record->conversation;
      if (talk.document ? talk.document->empty() : talk.turns.empty()) __builtin_trap();
      for (const data::Turn& turn : talk.turns)
        if (turn.text.empty()) __builtin_trap();
    } catch (const data::RecordError&) {
      if (++refused == 4) return;
      if (!reader.pass_over()) throw;
    }
}

}  // namespace genesis::fuzz
