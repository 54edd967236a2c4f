// ChatFormat::prompt: the inference side of the chat format, with the history window of Qwen-1's
// make_context.
#include "data/chat/chat_format.h"
#include "data/chat/folder_template.h"
#include "kernels/core/check.h"

namespace genesis::data {
namespace {

void append(ChatPrompt& to, const ChatPrompt& part) {
  to.ids.insert(to.ids.end(), part.ids.begin(), part.ids.end());
  to.text += part.text;
}

}  // namespace

ChatPrompt ChatFormat::prompt_by_template(Conversation conversation, int64_t max_window_size) const {
  auto& turns = conversation.turns;
  for (;;) {
    ChatPrompt p;
    p.text = render_chat(*template_.jinja, conversation);
    p.ids = encoder_.encode(p.text, true);
    if (turns.size() == 1 || max_window_size <= 0 || p.ids.size() < size_t(max_window_size)) return p;
    auto newer = turns.begin() + 1;  // the oldest exchange goes: a user turn and the answers after it
    while (newer->role != Role::user) ++newer;
    turns.erase(turns.begin(), newer);
  }
}

ChatPrompt ChatFormat::prompt(const Conversation& conversation, int64_t max_window_size) const {
  const auto& turns = conversation.turns;
  GENESIS_CHECK(!turns.empty() && turns.back().role == Role::user,
                "a prompt ends with a user turn; this conversation has ", turns.size(),
                " turns and ends with ", turns.empty() ? "nothing" : name_of(turns.back().role));

  if (template_.jinja) return prompt_by_template(conversation, max_window_size);

  const auto block = [&](const std::vector<int32_t>& role, std::string_view name,
                         const std::string& content) {
    ChatPrompt b{{encoder_.im_start}, "<|im_start|>" + std::string(name) + "\n" + content + "<|im_end|>"};
    const auto ids = encoder_.encode(content, false);
    for (const auto* piece : {&role, &newline_, &ids})
      b.ids.insert(b.ids.end(), piece->begin(), piece->end());
    b.ids.push_back(encoder_.im_end);
    return b;
  };
  const ChatPrompt newline{newline_, "\n"};

  ChatPrompt result;
  const auto& system = conversation.system ? conversation.system : template_.default_system;
  if (system) result = block(system_, "system", *system);

  // Exchanges of the history, newest first: a user turn and the answers after it.
  std::vector<ChatPrompt> kept;  // newest first; each block preceded by a newline
  size_t kept_tokens = 0;
  for (size_t end = turns.size() - 1; end > 0;) {
    size_t begin = end - 1;
    while (begin > 0 && turns[begin].role != Role::user) --begin;
    ChatPrompt exchange;
    for (size_t i = begin; i < end; ++i) {
      append(exchange, newline);
      append(exchange, block(role_ids(turns[i].role), name_of(turns[i].role), turns[i].text));
    }
    const size_t size = result.ids.size() + exchange.ids.size() + kept_tokens;
    if (max_window_size > 0 && size >= size_t(max_window_size)) break;
    kept_tokens += exchange.ids.size();
    kept.push_back(std::move(exchange));
    end = begin;
  }

  for (size_t i = kept.size(); i-- > 0;) append(result, kept[i]);
  append(result, newline);
  append(result, block(user_, "user", turns.back().text));
  append(result, newline);
  result.ids.push_back(encoder_.im_start);
  result.ids.insert(result.ids.end(), assistant_.begin(), assistant_.end());
  result.text += "<|im_start|>assistant";
  append(result, newline);
  if (!system) {  // nothing stands before the first block, so its newline goes
    result.ids.erase(result.ids.begin(), result.ids.begin() + std::ptrdiff_t(newline_.size()));
    result.text.erase(0, 1);
  }
  return result;
}

}  // namespace genesis::data
