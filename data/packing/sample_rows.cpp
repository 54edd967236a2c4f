#include "data/packing/sample_rows.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "data/sampler/sample_order.h"
#include "kernels/core/check.h"
#include "kernels/core/rng.h"

namespace genesis::data {
namespace {
constexpr uint64_t kStream = 0x7061636b696e67;  // "packing"

/// Best-fit decreasing over these samples; equal lengths stay in the order given.
std::vector<std::vector<int64_t>> pack(const SampleStore& samples, std::vector<int64_t> order,
                                       int64_t max_seq_len) {
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return samples.length(a) > samples.length(b); });
  std::vector<std::vector<int64_t>> rows;
  std::map<int64_t, std::vector<size_t>> open;  // free tokens -> rows, the last opened taken first
  for (int64_t s : order) {
    const int64_t length = samples.length(s);
    GENESIS_CHECK(length <= max_seq_len, "sample ", s, " has ", length, " tokens, a row holds ", max_seq_len);
    size_t row = rows.size();
    int64_t room = max_seq_len;
    if (const auto tightest = open.lower_bound(length); tightest != open.end()) {
      room = tightest->first;
      row = tightest->second.back();
      tightest->second.pop_back();
      if (tightest->second.empty()) open.erase(tightest);
    } else {
      rows.emplace_back();
    }
    rows[row].push_back(s);
    if (room > length) open[room - length].push_back(row);
  }
  return rows;
}

}  // namespace

void SampleRows::add(const SampleStore& samples, std::span<const int64_t> row) {
  int64_t tokens = 0, supervised = 0;
  double weight = 0;
  for (const int64_t s : row) {
    weight += samples.weight(s);
    tokens += samples.length(s);
    supervised += samples.supervised(s);
    samples_.push_back(s);
  }
  begin_.push_back(int64_t(samples_.size()));
  tokens_.push_back(tokens);
  supervised_.push_back(supervised);
  weight_.push_back(weight);
}

SampleRows SampleRows::one_each(const SampleStore& samples) {
  SampleRows rows;
  for (int64_t i = 0; i < samples.size(); ++i) rows.add(samples, std::span(&i, 1));
  return rows;
}

SampleRows SampleRows::packed(const SampleStore& samples, int64_t max_seq_len, uint64_t seed,
                              int64_t window) {
  GENESIS_CHECK(window >= 1, "a packing window of ", window, " samples");
  SampleRows result;
  for (int64_t first = 0; first < samples.size(); first += window) {
    const int64_t n = std::min(window, samples.size() - first);
    std::vector<int64_t> order(static_cast<size_t>(n));
    const SampleOrder seeded(n, stream_of({seed, kStream}));
    for (int64_t i = 0; i < n; ++i) order[size_t(i)] = first + seeded.at(i);
    for (const auto& row : pack(samples, std::move(order), max_seq_len)) result.add(samples, row);
  }
  return result;
}

std::optional<SampleRows> SampleRows::from_index(const SampleStore& samples, std::span<const int64_t> begin,
                                                 std::vector<int64_t> order, int64_t max_seq_len) {
  const int64_t n = samples.size();
  if (int64_t(order.size()) != n || begin.empty() || begin.front() != 0 || begin.back() != n)
    return std::nullopt;
  std::vector<bool> seen(size_t(n), false);
  for (const int64_t s : order) {
    if (s < 0 || s >= n || seen[size_t(s)]) return std::nullopt;
    seen[size_t(s)] = true;
  }
  SampleRows rows;
  for (size_t r = 0; r + 1 < begin.size(); ++r) {
    if (begin[r] >= begin[r + 1] || begin[r + 1] > n) return std::nullopt;
    rows.add(samples, std::span(order).subspan(size_t(begin[r]), size_t(begin[r + 1] - begin[r])));
    if (rows.tokens_.back() > max_seq_len) return std::nullopt;
  }
  return rows;
}

double SampleRows::efficiency(int64_t max_seq_len) const {
  const int64_t tokens = std::accumulate(tokens_.begin(), tokens_.end(), int64_t{0});
  return size() == 0 ? 0 : double(tokens) / (double(size()) * double(max_seq_len));
}

void SampleRows::check(int64_t row) const {
  GENESIS_CHECK(row >= 0 && row < size(), "row ", row, " of ", size());
}

std::span<const int64_t> SampleRows::samples(int64_t row) const {
  check(row);
  const size_t begin = size_t(begin_[size_t(row)]), end = size_t(begin_[size_t(row) + 1]);
  return std::span(samples_).subspan(begin, end - begin);
}

int64_t SampleRows::tokens(int64_t row) const {
  check(row);
  return tokens_[size_t(row)];
}

int64_t SampleRows::supervised(int64_t row) const {
  check(row);
  return supervised_[size_t(row)];
}

double SampleRows::weight(int64_t row) const {
  check(row);
  return weight_[size_t(row)];
}

}  // namespace genesis::data
