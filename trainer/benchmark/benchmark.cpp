#include "trainer/benchmark/benchmark.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "kernels/core/large_pages.h"
#include "kernels/core/parallel_for.h"
#include "models/generation/kv_cache.h"
#include "models/qwen/model.h"
#include "trainer/inference/loaded_model.h"
#include "trainer/inference/model_folder.h"
#include "trainer/inference/new_model.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int64_t kReadBytes = int64_t{512} << 20;  // beyond any cache

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Peak resident bytes since the last reset; the kernel may refuse to reset, the peak is then that of the
/// process.
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }
int64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  return 0;
}

std::unique_ptr<models::QwenModel> open(const fs::path& path, const std::optional<DType>& dtype) {
  if (!fs::is_regular_file(path)) {
    const fs::path folder = model_folder(path);
    const DType stored = stored_dtype(folder) == DType::bf16 ? DType::bf16 : DType::f32;
    return models::QwenModel::from_folder(folder, dtype.value_or(stored));
  }
  return std::make_unique<models::QwenModel>(read_model_config(path), dtype.value_or(DType::f32));
}

/// Parameters a decode step reads: all but an embedding that is not also the head, of which it reads a row.
int64_t step_bytes(const models::QwenModel& model) {
  const auto& c = model.config();
  const int64_t embedding = c.tie_word_embeddings ? 0 : c.vocab_size * c.n_embd;
  return (models::parameter_count(c) - embedding) * size_of(model.dtype());
}

BenchmarkResult measure(const fs::path& path, const BenchmarkOptions& o) {
  BenchmarkResult r;
  reset_peak();
  auto start = Clock::now();
  const auto model = open(path, o.dtype);
  r.load_seconds = seconds_since(start);
  model->eval();
  const auto& c = model->config();
  if (o.prompt_tokens + o.new_tokens > c.max_seq_len)
    throw ConfigError("{}: {} tokens and {} more do not fit its context of {}", path.string(),
                      o.prompt_tokens, o.new_tokens, c.max_seq_len);
  r.model = path.string();
  r.family = name_of(c.family);
  r.dtype = name_of(model->dtype());
  r.parameters = models::parameter_count(c);
  r.weight_bytes_per_token = step_bytes(*model);

  models::CachedStep prompt, next;
  for (int64_t s = 0; s < o.batch; ++s) {
    std::vector<int32_t> ids;
    for (int64_t i = 0; i < o.prompt_tokens; ++i)
      ids.push_back(int32_t((i * 7919 + s * 104729) % c.vocab_size));
    prompt.tokens.push_back(std::move(ids));
    prompt.slots.push_back(s);
    prompt.ntk_alphas.push_back(1.0);
  }
  next = prompt;
  for (auto& ids : next.tokens) ids = {int32_t(c.vocab_size / 2)};
  std::vector<double> prefill, decode, read;
  models::KvCache cache(c, o.batch, o.prompt_tokens + o.new_tokens, model->dtype());
  for (int i = 0; i < o.repeats; ++i) {
    for (int64_t s = 0; s < o.batch; ++s) cache.clear(s);
    start = Clock::now();
    model->next_logits(prompt, cache);
    prefill.push_back(double(o.batch * o.prompt_tokens) / seconds_since(start));
    start = Clock::now();
    for (int64_t t = 0; t < o.new_tokens; ++t) model->next_logits(next, cache);
    decode.push_back(double(o.batch * o.new_tokens) / seconds_since(start));
    if (i == 0) r.peak_bytes = peak_bytes();  // before the memory that the next line reads
    read.push_back(measured_read_bandwidth(kReadBytes, 5));
  }
  r.prefill_tokens_per_s = median(prefill);
  r.decode_tokens_per_s = median(decode);
  r.read_gb_per_s = median(read);
  r.share_of_bandwidth =
      r.decode_tokens_per_s / double(o.batch) * double(r.weight_bytes_per_token) / (r.read_gb_per_s * 1e9);
  return r;
}

}  // namespace

double measured_read_bandwidth(int64_t bytes, int repeats) {
  const int64_t words = bytes / 8, block = int64_t{1} << 17;
  const std::unique_ptr<uint64_t[]> held(new uint64_t[size_t(words)]);  // [words]
  uint64_t* const memory = held.get();
  prefer_large_pages(memory, words * 8);  // as the weights lie
  const auto share = [&](auto&& fn) { parallel_for(words / block, 1, fn); };
  share([&](int64_t b, int64_t e) { std::memset(memory + b * block, 1, size_t((e - b) * block) * 8); });
  double best = 0;
  std::atomic<uint64_t> sink = 0;
  for (int i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    share([&](int64_t b, int64_t e) {
      uint64_t sums[16] = {};  // independent sums: the loop waits for memory alone
      const uint64_t* p = memory + b * block;
      for (int64_t n = 0; n < (e - b) * block; n += 16)
        for (int l = 0; l < 16; ++l) sums[l] += p[n + l];
      for (const uint64_t s : sums) sink += s;
    });
    best = std::max(best, double(words / block * block * 8) / seconds_since(start) * 1e-9);
  }
  return best;
}

std::vector<BenchmarkResult> benchmark_models(const BenchmarkOptions& options) {
  std::vector<BenchmarkResult> results;
  for (const auto& path : options.models) results.push_back(measure(path, options));
  return results;
}

std::string benchmark_table(const std::vector<BenchmarkResult>& results) {
  size_t width = 5;
  for (const auto& r : results) width = std::max(width, r.model.size());
  std::string text =
      fmt::format("{:<{}}  {:<8} {:>5} {:>10} {:>8} {:>13} {:>12} {:>10} {:>9}\n", "model", width, "family",
                  "dtype", "parameters", "load s", "prefill tok/s", "decode tok/s", "of memory", "peak GB");
  for (const auto& r : results)
    text += fmt::format("{:<{}}  {:<8} {:>5} {:>9.2f}M {:>8.2f} {:>13.1f} {:>12.2f} {:>9.0f}% {:>9.2f}\n",
                        r.model, width, r.family, r.dtype, double(r.parameters) * 1e-6, r.load_seconds,
                        r.prefill_tokens_per_s, r.decode_tokens_per_s, 100 * r.share_of_bandwidth,
                        double(r.peak_bytes) * 1e-9);
  return text +
         "of memory: decode's share of what reading the weights at the measured bandwidth would allow\n";
}

std::string benchmark_json(const std::vector<BenchmarkResult>& results) {
  std::string text;
  for (const auto& r : results) {
    nlohmann::ordered_json j{{"model", r.model},
                             {"family", r.family},
                             {"dtype", r.dtype},
                             {"parameters", r.parameters},
                             {"load_seconds", r.load_seconds},
                             {"prefill_tokens_per_s", r.prefill_tokens_per_s},
                             {"decode_tokens_per_s", r.decode_tokens_per_s},
                             {"weight_bytes_per_token", r.weight_bytes_per_token},
                             {"read_gb_per_s", r.read_gb_per_s},
                             {"share_of_bandwidth", r.share_of_bandwidth},
                             {"peak_bytes", r.peak_bytes}};
    text += j.dump() + "\n";
  }
  return text;
}

}  // namespace genesis::trainer
