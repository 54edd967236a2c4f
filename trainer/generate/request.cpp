#include "trainer/generate/request.h"

#include <nlohmann/json.hpp>

#include "kernels/core/error.h"
#include "models/json/strict_json.h"

namespace genesis::trainer {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key, const std::string& where) {
  const auto it = object.find(key);
  if (it == object.end()) throw DataError("{}: key '{}' is missing", where, key);
  if (!it->is_string()) throw DataError("{}: key '{}' is not a text", where, key);
  return it->get<std::string>();
}

data::Conversation conversation_of(const json& messages, const std::string& where) {
  if (!messages.is_array() || messages.empty())
    throw DataError("{}: key 'messages' is not a list of messages", where);
  data::Conversation conversation;
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string place = fmt::format("{}: messages[{}]", where, i);
    if (!messages[i].is_object()) throw DataError("{} is not an object", place);
    const std::string role = text_of(messages[i], "role", place);
    std::string content = text_of(messages[i], "content", place);
    if (role == "system" && i == 0) {
      conversation.system = std::move(content);
      continue;
    }
    const bool users = conversation.turns.size() % 2 == 0;
    const auto expected = users ? data::Role::user : data::Role::assistant;
    if (role != name_of(expected))
      throw DataError("{}: role '{}' where '{}' is expected", place, role, name_of(expected));
    conversation.turns.push_back({expected, std::move(content)});
  }
  if (conversation.turns.size() % 2 == 0) throw DataError("{}: the last message is not the user's", where);
  return conversation;
}

}  // namespace

Request parse_request(std::string_view line, const std::string& where) {
  json object;
  try {
    object = models::parse_json(line, where);
  } catch (const CheckpointError& e) {
    throw DataError("{}", e.what());
  }
  if (!object.is_object()) throw DataError("{}: a line is an object with 'prompt' or 'messages'", where);
  if (object.contains("prompt") == object.contains("messages"))
    throw DataError("{}: a line has one of the keys 'prompt' and 'messages'", where);
  if (object.contains("prompt")) return {text_of(object, "prompt", where), {}};
  return {std::nullopt, conversation_of(object["messages"], where)};
}

}  // namespace genesis::trainer
