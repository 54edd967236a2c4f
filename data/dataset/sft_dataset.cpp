#include "data/dataset/sft_dataset.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "data/dataset/sha256.h"
#include "data/formats/conversation_reader.h"
#include "data/sampler/sample_order.h"
#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "kernels/core/parallel_for.h"
#include "kernels/core/rng.h"

namespace genesis::data {
namespace {

constexpr size_t kRecordsAtOnce = 1024;
constexpr uint64_t kHoldOut = 0x686f6c646f7574;  // keeps the choice apart from the order of training

/// Tokenises records in parallel; the error of the earliest record wins.
std::vector<LabelledTokens> tokenise(const std::vector<ConversationRecord>& records, const ChatFormat& chat,
                                     LossOn loss_on) {
  std::vector<LabelledTokens> out(records.size());
  std::vector<std::exception_ptr> errors(records.size());
  parallel_for(int64_t(records.size()), 8, [&](int64_t begin, int64_t end) {
    for (size_t i = size_t(begin); i < size_t(end); ++i) try {
        out[i] = chat.training_tokens(records[i].conversation, loss_on);
      } catch (...) {
        errors[i] = std::current_exception();
      }
  });
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
  return out;
}

std::string digest_of(const SampleStore& samples, std::string_view settings) {
  Sha256 sha;
  sha.add_field("genesis sft samples 1");
  sha.add_field(settings);
  for (int64_t i = 0; i < samples.size(); ++i) {
    const SampleView sample = samples.sample(i);
    const uint64_t length = sample.ids.size();
    sha.add(&length, sizeof length);
    sha.add(sample.ids);
    sha.add(sample.supervised);
  }
  return sha.hex();
}

/// How many of n samples val_size asks for. Errors: as SftDataset::hold_out.
int64_t held_out_count(double val_size, int64_t n) {
  if (!(val_size > 0)) throw ConfigError("val_size is {}, but must be above 0 to hold samples out", val_size);
  if (val_size >= 1 && val_size != std::floor(val_size))
    throw ConfigError("val_size is {}, but must be a share below 1 or a whole number of samples", val_size);
  const double count = val_size < 1 ? std::max(1.0, std::round(val_size * double(n))) : val_size;
  if (count >= double(n))
    throw ConfigError("val_size {} holds out {:.0f} of {} {}, which leaves none to train on", val_size, count,
                      n, n == 1 ? "sample" : "samples");
  return int64_t(count);
}

}  // namespace

std::string_view name_of(OnTooLong policy) {
  constexpr std::string_view names[] = {"truncate", "drop", "error"};
  return names[size_t(policy)];
}

OnTooLong on_too_long_from(std::string_view word) {
  for (OnTooLong policy : {OnTooLong::truncate, OnTooLong::drop, OnTooLong::error})
    if (word == name_of(policy)) return policy;
  throw ConfigError("on_too_long '{}' is unknown; known are truncate, drop, error", word);
}

std::string SftSummary::text() const {
  std::string line =
      fmt::format("{} samples of {} records in {} {}, {} tokens ({} supervised), longest {}", samples,
                  records, files, files == 1 ? "file" : "files", tokens, supervised_tokens, longest);
  if (truncated) line += fmt::format(", {} truncated", truncated);
  if (dropped_too_long) line += fmt::format(", {} dropped as too long", dropped_too_long);
  if (dropped_unsupervised)
    line += fmt::format(", {} dropped as truncated before their answer", dropped_unsupervised);
  if (held_out) line += fmt::format(", {} held out", held_out);
  if (first_turns_left_out)
    line += fmt::format(", {} leading assistant turns left out", first_turns_left_out);
  return line;
}

SftDataset SftDataset::load(std::span<const std::filesystem::path> files, const ChatFormat& chat,
                            const SftOptions& options) {
  GENESIS_CHECK(options.max_seq_len >= 2, "max_seq_len is ", options.max_seq_len, ", but must be at least 2");
  if (files.empty()) throw DataError("no dataset file is given");
  SftDataset set;
  SftSummary& sum = set.summary_;
  const size_t most = size_t(options.max_seq_len);

  const auto keep = [&](const ConversationReader& reader, const ConversationRecord& record,
                        LabelledTokens tokens) {
    ++sum.records;
    const bool left_out = chat.leaves_first_turn_out(record.conversation);
    sum.first_turns_left_out += left_out;
    bool answered = false;
    for (size_t i = left_out ? 1 : 0; i < record.conversation.turns.size(); ++i)
      answered |= record.conversation.turns[i].role == Role::assistant;
    if (!answered || learnable_tokens(tokens) == 0)
      throw reader.error(record.at,
                         "the record has no assistant turn after a user turn, so there is nothing to learn");
    sum.longest = std::max(sum.longest, int64_t(tokens.ids.size()));
    const bool too_long = tokens.ids.size() > most;
    if (too_long && options.on_too_long == OnTooLong::error)
      throw reader.error(record.at,
                         fmt::format("the record has {} tokens, max_seq_len is {} (on_too_long: error)",
                                     tokens.ids.size(), most));
    if (too_long && options.on_too_long == OnTooLong::drop) {
      ++sum.dropped_too_long;
      return;
    }
    if (too_long) {
      tokens.ids.resize(most);
      tokens.labels.resize(most);
      if (learnable_tokens(tokens) == 0) {
        ++sum.dropped_unsupervised;
        return;
      }
      ++sum.truncated;
    }
    set.samples_.add(tokens);
  };

  for (const auto& file : files) {
    ++sum.files;
    ConversationReader reader(file, options.format);
    for (bool more = true; more;) {
      std::vector<ConversationRecord> records;
      while (more && records.size() < kRecordsAtOnce)
        if (auto record = reader.next())
          records.push_back(std::move(*record));
        else
          more = false;
      auto tokens = tokenise(records, chat, options.loss_on);
      for (size_t i = 0; i < records.size(); ++i) keep(reader, records[i], std::move(tokens[i]));
    }
  }

  if (sum.truncated)
    warn("{} of {} records are longer than max_seq_len {} and were truncated", sum.truncated, sum.records,
         most);
  if (sum.dropped_too_long)
    warn("{} of {} records are longer than max_seq_len {} and were dropped", sum.dropped_too_long,
         sum.records, most);
  if (sum.dropped_unsupervised)
    warn("{} of {} records were dropped: truncated to max_seq_len {} they hold no supervised token",
         sum.dropped_unsupervised, sum.records, most);
  if (set.samples_.size() == 0)
    throw DataError("{}: no sample is left of {} records (max_seq_len {}, on_too_long {})",
                    files.front().string(), sum.records, most, name_of(options.on_too_long));
  set.settings_ = fmt::format("{} {} {} {}", chat.chat_template().name, name_of(options.loss_on),
                              options.max_seq_len, name_of(options.on_too_long));
  set.finish();
  return set;
}

void SftDataset::finish() {
  summary_.samples = samples_.size();
  summary_.tokens = samples_.tokens();
  summary_.supervised_tokens = samples_.supervised_tokens();
  digest_ = digest_of(samples_, settings_);
}

SftDataset SftDataset::hold_out(double val_size, uint64_t seed) {
  const int64_t n = samples_.size(), count = held_out_count(val_size, n);
  std::vector<bool> chosen(size_t(n), false);
  const SampleOrder order(n, stream_of({kHoldOut, seed}), /*shuffle=*/true);
  for (int64_t i = 0; i < count; ++i) chosen[size_t(order.at(i))] = true;

  SftDataset held;
  SampleStore kept;
  for (int64_t i = 0; i < n; ++i) (chosen[size_t(i)] ? held.samples_ : kept).add(samples_.sample(i));
  held.settings_ = settings_;
  held.summary_.files = summary_.files;
  held.summary_.records = count;
  held.summary_.longest = held.samples_.longest();
  held.finish();
  samples_ = std::move(kept);
  summary_.held_out += count;
  finish();
  return held;
}

}  // namespace genesis::data
