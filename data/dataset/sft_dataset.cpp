#include "data/dataset/sft_dataset.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/dataset/sample_stream.h"
#include "data/sampler/sample_order.h"
#include "kernels/core/check.h"
#include "kernels/core/rng.h"

namespace genesis::data {
namespace {

constexpr uint64_t kHoldOut = 0x686f6c646f7574;  // keeps the choice apart from the order of training

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

SftDataset SftDataset::load(std::span<const std::filesystem::path> files, const ChatFormat& chat,
                            const SftOptions& options) {
  SftDataset set;
  const auto samples = std::make_shared<MemoryStore>();
  set.samples_ = samples;
  stream_samples(files, chat, options, set.summary_,
                 {.sample = [&](LabelledTokens&& tokens, SampleOrigin) { samples->add(tokens); }});
  if (samples->size() == 0)
    throw DataError("{}: no sample is left of {} records (max_seq_len {}, truncation {})",
                    files.front().string(), set.summary_.records, options.max_seq_len,
                    name_of(options.truncation));
  set.settings_ = settings_of(chat, options);
  set.finish();
  return set;
}

SftDataset SftDataset::of(std::shared_ptr<const SampleStore> samples, SftSummary summary,
                          std::string settings) {
  SftDataset set;
  set.samples_ = std::move(samples);
  set.summary_ = std::move(summary);
  set.settings_ = std::move(settings);
  set.finish();
  return set;
}

std::string SftDataset::settings_of(const ChatFormat& chat, const SftOptions& options) {
  return chat.chat_template().name + " " + options.settings();
}

void SftDataset::select(std::vector<int64_t> indices) {
  samples_ = std::make_shared<SubsetStore>(samples_, std::move(indices));
  finish();
}

void SftDataset::finish() {
  summary_.samples = samples_->size();
  summary_.tokens = samples_->tokens();
  summary_.supervised_tokens = samples_->supervised_tokens();
  digest_ = samples_->digest(settings_);
}

SftDataset SftDataset::hold_out(double val_size, uint64_t seed) {
  const int64_t n = samples_->size(), count = held_out_count(val_size, n);
  std::vector<bool> chosen(size_t(n), false);
  const SampleOrder order(n, stream_of({kHoldOut, seed}), /*shuffle=*/true);
  for (int64_t i = 0; i < count; ++i) chosen[size_t(order.at(i))] = true;

  SftDataset held;
  std::vector<int64_t> out, kept;
  for (int64_t i = 0; i < n; ++i) (chosen[size_t(i)] ? out : kept).push_back(i);
  held.samples_ = std::make_shared<SubsetStore>(samples_, std::move(out));
  held.settings_ = settings_;
  held.summary_.files = summary_.files;
  held.summary_.records = count;
  held.summary_.longest = held.samples_->longest();
  held.finish();
  samples_ = std::make_shared<SubsetStore>(samples_, std::move(kept));
  summary_.held_out += count;
  finish();
  return held;
}

}  // namespace genesis::data
