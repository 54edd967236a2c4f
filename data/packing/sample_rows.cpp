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
}

SampleRows::SampleRows(const SampleStore& samples, const std::vector<std::vector<int64_t>>& rows)
    : begin_{0} {
  samples_.reserve(size_t(samples.size()));
  for (const auto& row : rows) {
    int64_t tokens = 0, supervised = 0;
    for (int64_t s : row) {
      tokens += samples.length(s);
      supervised += samples.supervised(s);
      samples_.push_back(s);
    }
    begin_.push_back(int64_t(samples_.size()));
    tokens_.push_back(tokens);
    supervised_.push_back(supervised);
  }
}

SampleRows SampleRows::one_each(const SampleStore& samples) {
  std::vector<std::vector<int64_t>> rows(size_t(samples.size()));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = {int64_t(i)};
  return {samples, rows};
}

SampleRows SampleRows::packed(const SampleStore& samples, int64_t max_seq_len, uint64_t seed) {
  const int64_t n = samples.size();
  std::vector<int64_t> order(static_cast<size_t>(n));
  if (n > 0) {
    const SampleOrder seeded(n, stream_of({seed, kStream}));
    for (int64_t i = 0; i < n; ++i) order[size_t(i)] = seeded.at(i);
  }
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
  return {samples, rows};
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

}  // namespace genesis::data
