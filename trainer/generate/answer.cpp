#include "trainer/generate/answer.h"

#include <algorithm>

#include "data/tokenizer/streaming_decoder.h"
#include "kernels/core/check.h"
#include "models/generation/generate.h"

namespace genesis::trainer {
namespace {

constexpr int64_t kMostAtOnce = 64;
constexpr int64_t kCacheBytes = int64_t{4} << 30;

/// Turns the tokens of generate() into answers.
class Collector {
 public:
  Collector(const LoadedModel& model, const std::vector<Prompt>& prompts,
            const models::GenerationConfig& settings, const PieceCallback& on_piece)
      : config(settings),
        answers(prompts.size() * size_t(settings.num_return_sequences)),
        decoders_(answers.size(), data::StreamingDecoder(model.tokenizer, {.skip_special = true})),
        on_piece_(on_piece) {
    config.max_new_tokens = 0;
    config.usable_ids = model.tokenizer.vocab_size();
    for (const Prompt& p : prompts) {
      const auto length = int64_t(p.ids.size());
      GENESIS_CHECK(length < model.context(), "the prompt has ", length, " tokens, the model's context ",
                    model.context());
      room_.insert(room_.end(), size_t(settings.num_return_sequences),
                   std::min(p.max_new_tokens, model.context() - length));
      config.max_new_tokens = std::max(config.max_new_tokens, room_.back());
    }
  }

  /// False when the answer is at its end.
  bool take(int64_t text, int32_t token) {
    const size_t i = size_t(text);
    Answer& a = answers[i];
    a.ids.push_back(token);
    std::string piece = decoders_[i].push(token);
    const bool stops = std::count(config.stop_ids.begin(), config.stop_ids.end(), token) > 0;
    const bool full = int64_t(a.ids.size()) >= room_[i];
    if (stops || full) {
      piece += decoders_[i].finish();
      a.finish = stops ? FinishReason::stop : FinishReason::length;
    }
    a.text += piece;
    if (on_piece_ && !on_piece_(i, piece) && !stops && !full) {
      a.finish = FinishReason::interrupted;
      return false;
    }
    return !full;
  }

  models::GenerationConfig config;  ///< with the longest room of any prompt
  std::vector<Answer> answers;

 private:
  std::vector<data::StreamingDecoder> decoders_;
  const PieceCallback& on_piece_;
  std::vector<int64_t> room_;  // [answers] tokens that may follow
};

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
  Collector collector(model, prompts, settings, on_piece);
  std::vector<std::vector<int32_t>> ids;
  int64_t longest = 0;
  for (const Prompt& p : prompts) {
    ids.push_back(p.ids);
    longest = std::max(longest, int64_t(p.ids.size()));
  }
  const int64_t batch =
      batch_that_fits(model.model->config(), model.model->dtype(), longest + collector.config.max_new_tokens);
  models::generate(
      *model.model, ids, collector.config,
      [&](int64_t text, int32_t token) { return collector.take(text, token); }, batch);
  return std::move(collector.answers);
}

Answer answer_keeping(LoadedModel& model, const Prompt& prompt, const models::GenerationConfig& settings,
                      models::KeptText& kept, const PieceCallback& on_piece) {
  models::GenerationConfig once = settings;
  once.num_return_sequences = 1;
  Collector collector(model, {prompt}, once, on_piece);
  models::generate(*model.model, prompt.ids, collector.config, kept,
                   [&](int64_t, int32_t token) { return collector.take(0, token); });
  return std::move(collector.answers.front());
}

}  // namespace genesis::trainer
