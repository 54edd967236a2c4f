#include "trainer/generate/prompt.h"

#include <algorithm>

namespace genesis::trainer {
namespace {

void check_fits(const LoadedModel& model, size_t tokens, std::string_view where) {
  if (int64_t(tokens) >= model.context())
    throw DataError("{}: the prompt has {} tokens, but the model's context is {}", where, tokens,
                    model.context());
}

}  // namespace

Prompt chat_prompt(const LoadedModel& model, const data::Conversation& conversation, int64_t max_new_tokens,
                   std::string_view where) {
  const int64_t most = model.context() - std::min(max_new_tokens, model.context() / 4);
  int64_t window = std::min(model.generation.max_window_size, most);
  auto prompt = model.chat.prompt(conversation, window);
  // The window counts the history alone, so what the question takes comes off it.
  if (const int64_t over = int64_t(prompt.ids.size()) - most; over > 0)
    prompt = model.chat.prompt(conversation, std::max<int64_t>(1, window - over));
  check_fits(model, prompt.ids.size(), where);
  return {std::move(prompt.ids), max_new_tokens};
}

Prompt raw_prompt(const LoadedModel& model, std::string_view text, int64_t max_new_tokens,
                  std::string_view where) {
  auto ids = model.tokenizer.encode(text);
  if (ids.empty()) throw DataError("{}: the prompt is empty", where);
  const int64_t rows = model.model->config().vocab_size;
  for (const int32_t id : ids)
    if (id >= rows)
      throw DataError("{}: token {} has id {}, but the model has {} embedding rows", where,
                      model.tokenizer.token_bytes(id), id, rows);
  check_fits(model, ids.size(), where);
  return {std::move(ids), max_new_tokens};
}

models::GenerationConfig with_stop_ids(const LoadedModel& model, models::GenerationConfig settings,
                                       bool raw) {
  const auto add = [&](int32_t id) {
    if (std::count(settings.stop_ids.begin(), settings.stop_ids.end(), id) == 0)
      settings.stop_ids.push_back(id);
  };
  add(model.tokenizer.eod_id());
  if (!raw)
    for (const int32_t id : model.chat.stop_ids()) add(id);
  return settings;
}

}  // namespace genesis::trainer
