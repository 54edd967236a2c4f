#include "data/dataset/sample_stream.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <limits>
#include <thread>
#include <utility>

#include "data/dataset/markup_search.h"
#include "data/dataset/record_batch.h"
#include "data/dataset/sample_store.h"
#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "kernels/core/parallel_for.h"

namespace genesis::data {
namespace {

/// The tokens of each record, on `threads` threads; the error of the earliest record wins.
std::vector<LabelledTokens> tokenise(const std::vector<ConversationRecord>& records, const ChatFormat& chat,
                                     const SftOptions& options) {
  std::vector<LabelledTokens> out(records.size());
  std::vector<std::exception_ptr> errors(records.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    constexpr size_t kAtOnce = 8;
    for (size_t begin; (begin = next.fetch_add(kAtOnce)) < records.size();)
      for (size_t i = begin; i < std::min(begin + kAtOnce, records.size()); ++i) try {
          out[i] = chat.training_tokens(records[i].conversation, options.loss_on, options.parse_special);
        } catch (...) {
          errors[i] = std::current_exception();
        }
  };
  const size_t wanted = size_t(options.threads > 0 ? options.threads : thread_count());
  std::vector<std::jthread> others;
  for (size_t t = 1; t < std::min(wanted, records.size() / 8 + 1); ++t) others.emplace_back(work);
  work();
  others.clear();
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
  return out;
}

bool has_answer(const Conversation& talk, bool first_left_out) {
  for (size_t i = first_left_out ? 1 : 0; i < talk.turns.size(); ++i)
    if (talk.turns[i].role == Role::assistant) return true;
  return false;
}

/// One pass over the files.
class Stream {
 public:
  Stream(const ChatFormat& chat, const SftOptions& options, SftSummary& summary, const StreamSinks& sinks)
      : chat_(chat), options_(options), sum_(summary), sinks_(sinks) {}

  void file(const std::filesystem::path& path, int32_t index) {
    ++sum_.files;
    ConversationReader reader(path, options_.format);
    RecordBatch batch = read_batch(reader, options_);
    while (true) {
      std::future<RecordBatch> following;
      if (!batch.last)
        following = std::async(std::launch::async, [&] { return read_batch(reader, options_); });
      take(reader, batch, index);
      if (batch.last) break;
      batch = following.get();
    }
    bytes_before_ += reader.file_bytes();
  }

 private:
  void take(const ConversationReader& reader, const RecordBatch& batch, int32_t file) {
    auto tokens = tokenise(batch.records, chat_, options_);
    for (size_t i = 0; i < batch.records.size(); ++i)
      keep(reader, batch.records[i], std::move(tokens[i]), file);
    for (const RecordError& e : batch.bad) bad(e);
    if (batch.error) std::rethrow_exception(batch.error);
    if (sinks_.progress) sinks_.progress({bytes_before_ + batch.file_bytes, tokens_});
  }

  void bad(const RecordError& error) {
    if (!options_.survey && options_.on_bad_record == OnBadRecord::stop) throw error;
    ++sum_.records;
    ++sum_.faults[size_t(error.fault())];
    sum_.add_example(name_of(error.fault()), error.what());
    if (!options_.survey && sum_.bad() > options_.max_bad_records)
      throw DataError("{} bad records, max_bad_records is {}; the last one: {}", sum_.bad(),
                      options_.max_bad_records, error.what());
  }

  void keep(const ConversationReader& reader, const ConversationRecord& record, LabelledTokens tokens,
            int32_t file) {
    const Conversation& talk = record.conversation;
    const bool left_out = chat_.leaves_first_turn_out(talk);
    const bool answered = talk.document || has_answer(talk, left_out);
    if (!answered || learnable_tokens(tokens) == 0)
      return bad(reader.error(
          record.at,
          answered ? "every token of the record is masked (train: false), so there is nothing to learn"
                   : "the record has no assistant turn after a user turn, so there is nothing to learn",
          Fault::nothing_to_learn));
    const int64_t length = int64_t(tokens.ids.size());
    const bool too_long = length > options_.max_seq_len;
    if (too_long && options_.truncation == Truncation::error)
      return bad(reader.error(record.at,
                              fmt::format("the record has {} tokens, max_seq_len is {} (truncation: error)",
                                          length, options_.max_seq_len),
                              Fault::too_long));
    ++sum_.records;
    sum_.first_turns_left_out += left_out;
    sum_.turns += int64_t(talk.turns.size());
    sum_.documents += talk.document.has_value();
    sum_.longest = std::max(sum_.longest, length);
    sum_.count_length(length, options_.max_seq_len);
    if (const auto markup = find_markup(talk); !markup.empty()) {
      ++sum_.special_text;
      sum_.add_example("special_text",
                       reader.error(record.at, fmt::format("{} in a content", markup)).what());
    }
    if (too_long && !shorten(talk, tokens)) {
      ++(options_.truncation == Truncation::drop ? sum_.dropped_too_long : sum_.dropped_unsupervised);
      return;
    }
    if (too_long) {
      ++sum_.truncated;
      sum_.tokens_cut += length - int64_t(tokens.ids.size());
    }
    ++sum_.samples;
    sum_.tokens += int64_t(tokens.ids.size());
    sum_.supervised_tokens += learnable_tokens(tokens);
    tokens_ += int64_t(tokens.ids.size());
    sinks_.sample(std::move(tokens), {file, record.at.line});
  }

  /// Cuts a too long sample by the rule; false when nothing worth keeping is left.
  bool shorten(const Conversation& talk, LabelledTokens& tokens) const {
    if (options_.truncation == Truncation::drop) return false;
    size_t size = size_t(options_.max_seq_len);
    if (options_.truncation == Truncation::turn && !talk.document) {
      Conversation kept = talk;
      while (!kept.turns.empty() && (tokens.turn_ends[kept.turns.size() - 1] > options_.max_seq_len ||
                                     kept.turns.back().role != Role::assistant))
        kept.turns.pop_back();
      if (kept.turns.empty()) return false;
      tokens = chat_.training_tokens(kept, options_.loss_on, options_.parse_special);
      size = tokens.ids.size();
    }
    tokens.ids.resize(size);
    tokens.labels.resize(size);
    if (!tokens.weights.empty()) tokens.weights.resize(size);
    return learnable_tokens(tokens) > 0;
  }

  const ChatFormat& chat_;
  const SftOptions& options_;
  SftSummary& sum_;
  const StreamSinks& sinks_;
  int64_t bytes_before_ = 0, tokens_ = 0;
};

void warn_of_losses(const SftSummary& sum, const SftOptions& options) {
  const int64_t most = options.max_seq_len;
  if (sum.truncated)
    warn("{} of {} records are longer than max_seq_len {} and were truncated", sum.truncated, sum.records,
         most);
  if (sum.dropped_too_long)
    warn("{} of {} records are longer than max_seq_len {} and were dropped", sum.dropped_too_long,
         sum.records, most);
  if (sum.dropped_unsupervised)
    warn("{} of {} records were dropped: truncated to max_seq_len {} they hold no supervised token",
         sum.dropped_unsupervised, sum.records, most);
  if (sum.bad()) {
    std::string first;
    for (const auto& [kind, places] : sum.examples)
      if (first.empty() && kind != "special_text") first = places.front();
    warn("{} of {} records are bad and were skipped; one of them: {}", sum.bad(), sum.records, first);
  }
}

}  // namespace

void stream_samples(std::span<const std::filesystem::path> files, const ChatFormat& chat,
                    const SftOptions& options, SftSummary& summary, const StreamSinks& sinks) {
  GENESIS_CHECK(options.max_seq_len >= 2, "max_seq_len is ", options.max_seq_len, ", but must be at least 2");
  if (files.empty()) throw DataError("no dataset file is given");
  Stream stream(chat, options, summary, sinks);
  for (size_t i = 0; i < files.size(); ++i) stream.file(files[i], int32_t(i));
  if (!options.survey) warn_of_losses(summary, options);
}

}  // namespace genesis::data
