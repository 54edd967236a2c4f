#include "data/tokenizer/training_texts.h"

#include "data/chat/chat_template.h"
#include "data/formats/conversation_reader.h"
#include "data/tokenizer/text_file.h"

namespace genesis::data {
namespace {

void add_conversations(const std::filesystem::path& file, std::vector<std::string>& texts) {
  const std::string default_system = chat_template("qwen").default_system.value_or("");
  ConversationReader reader(file);
  while (auto record = reader.next()) {
    Conversation& conversation = record->conversation;
    if (conversation.document) {
      texts.push_back(std::move(*conversation.document));
      continue;
    }
    texts.push_back("system");
    texts.push_back(conversation.system.value_or(default_system));
    for (Turn& turn : conversation.turns) {
      texts.emplace_back(name_of(turn.role));
      texts.push_back(std::move(turn.text));
    }
  }
}

}  // namespace

std::vector<std::string> read_training_texts(std::span<const std::filesystem::path> files) {
  std::vector<std::string> texts;
  for (const auto& file : files) {
    if (file.extension() == ".json" || file.extension() == ".jsonl") {
      add_conversations(file, texts);
    } else {
      texts.push_back(read_text_file(file));
    }
  }
  return texts;
}

}  // namespace genesis::data
