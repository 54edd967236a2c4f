#include "data/tokenizer/train_bpe.h"

#include <algorithm>
#include <array>
#include <queue>
#include <unordered_map>
#include <vector>

#include "data/tokenizer/nfc.h"
#include "data/tokenizer/pretokenizer.h"
#include "data/tokenizer/special_tokens.h"
#include "data/tokenizer/utf8.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

constexpr int32_t kBytes = 256;

/// A distinct piece as the tokens it is made of so far.
struct Word {
  std::vector<int32_t> tokens;
  int64_t count = 0;
};

using PairKey = uint64_t;  // left rank << 32 | right rank
PairKey pair_key(int32_t left, int32_t right) { return uint64_t(uint32_t(left)) << 32 | uint32_t(right); }

struct PairEntry {
  int64_t count = 0;
  std::vector<uint32_t> words;  // that hold it, or held it once; each at most once in a row
};

struct Candidate {
  int64_t count = 0;
  PairKey pair = 0;
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

std::vector<Word> count_pieces(std::span<const std::string> texts) {
  const SpecialTokens specials(TokenizerFamily::qwen1, 0);
  const Pretokenizer pretokenizer;
  std::unordered_map<std::string, int64_t> counts;
  for (const std::string& given : texts) {
    std::string buffer;
    const std::string repaired = replace_invalid_utf8(given);
    const std::string_view text = normalize_nfc(repaired, buffer);
    for (size_t begin = 0; begin < text.size();) {
      const SpecialTokens::Match match = specials.next(text, begin);
      for (const std::string_view piece : pretokenizer.pieces(text.substr(begin, match.begin - begin)))
        ++counts[std::string(piece)];
      if (match.begin == std::string_view::npos) break;
      begin = match.begin + match.length;
    }
  }
  std::array<int32_t, 256> rank_of_byte;
  for (int32_t rank = 0; rank < kBytes; ++rank) rank_of_byte[byte_order()[size_t(rank)]] = rank;
  std::vector<Word> words;
  for (const auto& [piece, count] : counts) {
    if (piece.size() < 2) continue;
    Word& word = words.emplace_back();
    word.count = count;
    for (const char c : piece) word.tokens.push_back(rank_of_byte[uint8_t(c)]);
  }
  return words;
}

/// The pairs of all words with their counts, kept up to date while pairs are merged.
class PairCounts {
 public:
  explicit PairCounts(std::vector<Word> words) : words_(std::move(words)) {
    for (uint32_t w = 0; w < words_.size(); ++w)
      for (size_t i = 0; i + 1 < words_[w].tokens.size(); ++i) add(w, i, +1);
    grown_.clear();
    for (const auto& [pair, entry] : entries_) queue_.push({entry.count, pair});
  }

  /// The pair to merge next; a count of 0 when there is none.
  Candidate most_frequent() {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      queue_.pop();
      const auto found = entries_.find(top.pair);
      const int64_t now = found == entries_.end() ? 0 : found->second.count;
      if (now == top.count) return top;
      // Counts of queued pairs only fall (a pair that gains is queued anew), so the entry is late, not lost.
      if (now > 0 && now < top.count) queue_.push({now, top.pair});
    }
    return {};
  }

  void merge(PairKey pair, int32_t joined) {
    std::vector<uint32_t> holders = std::move(entries_[pair].words);
    std::sort(holders.begin(), holders.end());
    holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
    const auto left = int32_t(pair >> 32), right = int32_t(uint32_t(pair));
    for (const uint32_t w : holders) merge_in(w, left, right, joined);
    entries_.erase(pair);
    for (const PairKey grown : grown_)
      if (const auto found = entries_.find(grown); found != entries_.end() && found->second.count > 0)
        queue_.push({found->second.count, grown});
    grown_.clear();
  }

 private:
  void add(uint32_t w, size_t i, int64_t sign) {
    const Word& word = words_[w];
    const PairKey pair = pair_key(word.tokens[i], word.tokens[i + 1]);
    PairEntry& entry = entries_[pair];
    entry.count += sign * word.count;
    if (sign < 0) return;
    if (entry.words.empty() || entry.words.back() != w) entry.words.push_back(w);
    grown_.push_back(pair);
  }

  /// Joins the pair wherever it stands in the word; only the counts of pairs that touch such a place change.
  void merge_in(uint32_t w, int32_t left, int32_t right, int32_t joined) {
    std::vector<int32_t>& tokens = words_[w].tokens;
    merged_.assign(tokens.size(), 0);
    size_t places = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (tokens[i] != left || tokens[i + 1] != right) continue;
      merged_[i] = merged_[i + 1] = 1;
      ++i;
      ++places;
    }
    if (places == 0) return;
    for (size_t i = 0; i + 1 < tokens.size(); ++i)
      if (merged_[i] || merged_[i + 1]) add(w, i, -1);
    size_t kept = 0;
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool here = merged_[i];
      tokens[kept++] = here ? joined : tokens[i];
      i += here;
    }
    tokens.resize(kept);
    for (size_t i = 0; i + 1 < kept; ++i)
      if (tokens[i] == joined || tokens[i + 1] == joined) add(w, i, +1);
  }

  std::vector<Word> words_;
  std::unordered_map<PairKey, PairEntry> entries_;
  std::priority_queue<Candidate> queue_;
  std::vector<PairKey> grown_;  // pairs that may have gained since the last merge
  std::vector<char> merged_;    // [tokens of the word at hand] 1 where a token is to be joined
};

}  // namespace

Vocabulary train_bpe(std::span<const std::string> texts, const TrainOptions& options) {
  if (options.vocab_size < kBytes)
    throw ConfigError("vocab_size is {}; the single bytes alone are {}", options.vocab_size, kBytes);
  if (options.min_count < 1) throw ConfigError("min_count is {}; it must be at least 1", options.min_count);
  std::vector<std::string> tokens;
  for (const uint8_t byte : byte_order()) tokens.emplace_back(1, char(byte));
  PairCounts pairs(count_pieces(texts));
  while (int32_t(tokens.size()) < options.vocab_size) {
    const Candidate best = pairs.most_frequent();
    if (best.count < options.min_count) break;
    const auto joined = int32_t(tokens.size());
    tokens.push_back(tokens[size_t(best.pair >> 32)] + tokens[size_t(uint32_t(best.pair))]);
    pairs.merge(best.pair, joined);
  }
  return Vocabulary(tokens, "trained vocabulary");
}

}  // namespace genesis::data
