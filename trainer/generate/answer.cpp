#include "trainer/generate/answer.h"

#include <algorithm>

#include "data/tokenizer/streaming_decoder.h"
#include "kernels/core/check.h"
#include "models/generation/generate.h"

namespace genesis::trainer {
namespace {

constexpr int64_t kMostAtOnce = 64;
constexpr int64_t kCacheBytes = int64_t{4} << 30;

}  // namespace

std::string_view name_of(FinishReason reason) {
  constexpr std::string_view names[] = {"stop", "length", "interrupted"};
  return names[size_t(reason)];
}

int64_t batch_that_fits(const models::QwenConfig& config, DType dtype, int64_t tokens_each) {
  const auto c = config.resolved();
  const int64_t token = c.n_layer * 2 * c.n_kv_head * c.head_dim * size_of(dtype);
  return std::clamp(kCacheBytes / std::max<int64_t>(1, token * tokens_each), int64_t{1}, kMostAtOnce);
}

std::vector<Answer> answer(LoadedModel& model, const std::vector<Prompt>& prompts,
                           const models::GenerationConfig& settings, const PieceCallback& on_piece) {
  std::vector<Answer> answers(prompts.size());
  std::vector<std::vector<int32_t>> ids;
  std::vector<data::StreamingDecoder> decoders(
      prompts.size(), data::StreamingDecoder(model.tokenizer, {.skip_special = true}));
  models::GenerationConfig config = settings;
  config.max_new_tokens = 0;
  std::vector<int64_t> room;  // [prompts] tokens that may follow
  int64_t longest = 0;
  for (const Prompt& p : prompts) {
    GENESIS_CHECK(int64_t(p.ids.size()) < model.context(), "the prompt has ", p.ids.size(),
                  " tokens, the model's context ", model.context());
    ids.push_back(p.ids);
    room.push_back(std::min(p.max_new_tokens, model.context() - int64_t(p.ids.size())));
    config.max_new_tokens = std::max(config.max_new_tokens, room.back());
    longest = std::max(longest, int64_t(p.ids.size()));
  }

  const auto on_token = [&](int64_t prompt, int32_t token) {
    const size_t i = size_t(prompt);
    Answer& a = answers[i];
    a.ids.push_back(token);
    // Rows of the embedding beyond the vocabulary are padding and stand for no text.
    std::string piece = token < model.tokenizer.vocab_size() ? decoders[i].push(token) : std::string();
    const bool stops = std::count(config.stop_ids.begin(), config.stop_ids.end(), token) > 0;
    const bool full = int64_t(a.ids.size()) >= room[i];
    if (stops || full) {
      piece += decoders[i].finish();
      a.finish = stops ? FinishReason::stop : FinishReason::length;
    }
    a.text += piece;
    if (on_piece && !on_piece(i, piece) && !stops && !full) {
      a.finish = FinishReason::interrupted;
      return false;
    }
    return !full;
  };
  const int64_t batch =
      batch_that_fits(model.model->config(), model.model->dtype(), longest + config.max_new_tokens);
  models::generate(*model.model, ids, config, on_token, batch);
  return answers;
}

}  // namespace genesis::trainer
