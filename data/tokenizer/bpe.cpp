#include "data/tokenizer/bpe.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "data/tokenizer/utf8.h"
#include "kernels/core/check.h"

namespace genesis::data {
namespace {

constexpr uint32_t kNoPair = ~0u;
constexpr int32_t kNoLimit = std::numeric_limits<int32_t>::max();
constexpr size_t kShortPiece = 192;  // below this the linear scan wins over the heap (bench/tokenizer)
constexpr size_t kKnownStretches = size_t(1) << 14;
constexpr size_t kLanes = 16;  // the scan runs over whole vectors of 16 keys

/// A stretch met before and its tokens. Half a cache line.
struct alignas(32) KnownStretch {
  static constexpr size_t kBytes = 16, kTokens = 3;
  uint64_t first = 0, last = 0;  // its first and last eight bytes, which overlap when it is shorter than 16
  int32_t tokens[kTokens];
  uint8_t length = 0;
  uint8_t count = 0;
};
static_assert(sizeof(KnownStretch) == 32);

}  // namespace

class BytePairEncoder::Workspace {
 public:
  std::vector<KnownStretch> known = std::vector<KnownStretch>(kKnownStretches);
  std::vector<uint32_t> next, previous, rank;  // [bytes of a long piece]
  std::vector<uint64_t> heap;                  // rank << 32 | position
};

void BytePairEncoder::DeleteWorkspace::operator()(Workspace* workspace) const { delete workspace; }

BytePairEncoder::WorkspacePointer BytePairEncoder::make_workspace() {
  return WorkspacePointer(new Workspace);
}

BytePairEncoder::BytePairEncoder(const Vocabulary& vocabulary)
    : vocabulary_(vocabulary), joins_(vocabulary), byte_pairs_(size_t(1) << 16, Vocabulary::kNone) {
  for (int32_t rank = 0; rank < vocabulary.size(); ++rank)
    if (const std::string_view token = vocabulary.bytes(rank); token.size() == 2)
      byte_pairs_[size_t(uint8_t(token[0])) << 8 | uint8_t(token[1])] = rank;
}

void BytePairEncoder::encode(std::string_view piece, Workspace& workspace, std::vector<int32_t>& out) const {
  if (piece.size() == 1) {
    out.push_back(vocabulary_.byte_token(uint8_t(piece[0])));
    return;
  }
  // A piece that falls apart is no token, so only one of the two questions needs an answer; ASCII pieces are
  // mostly tokens, others mostly fall apart.
  const bool ascii = uint8_t(piece.back()) < 0x80;
  if (ascii && encode_whole(piece, out)) return;
  const char *begin = piece.data(), *p = begin, *const end = begin + piece.size();
  for (uint32_t left = read_valid_utf8(p); p < end;) {
    const char* const boundary = p;
    const uint32_t right = read_valid_utf8(p);
    if (!joins_.may_join(left, right, uint8_t(boundary[-1]), uint8_t(boundary[0]))) {
      encode_stretch({begin, size_t(boundary - begin)}, workspace, out);
      begin = boundary;
    }
    left = right;
  }
  if (!ascii && begin == piece.data() && encode_whole(piece, out)) return;
  encode_stretch({begin, size_t(end - begin)}, workspace, out);
}

bool BytePairEncoder::encode_whole(std::string_view piece, std::vector<int32_t>& out) const {
  const int32_t token = vocabulary_.find(piece);
  if (token != Vocabulary::kNone) out.push_back(token);
  return token != Vocabulary::kNone;
}

void BytePairEncoder::encode_stretch(std::string_view s, Workspace& workspace,
                                     std::vector<int32_t>& out) const {
  if (s.size() > KnownStretch::kBytes) return merge(s, kNoLimit, workspace, out);
  const uint64_t first = Vocabulary::first_bytes(s);
  const uint64_t last = s.size() <= 8 ? first : Vocabulary::first_bytes(s.substr(s.size() - 8));
  KnownStretch& known = workspace.known[Vocabulary::hash(s) % kKnownStretches];
  if (known.length == s.size() && known.first == first && known.last == last) {
    out.insert(out.end(), known.tokens, known.tokens + known.count);
    return;
  }
  const size_t before = out.size();
  merge_short(s, kNoLimit, out);
  const size_t count = out.size() - before;
  if (count > KnownStretch::kTokens) return;
  known = {first, last, {}, uint8_t(s.size()), uint8_t(count)};
  std::copy(out.begin() + ptrdiff_t(before), out.end(), known.tokens);
}

void BytePairEncoder::merge(std::string_view piece, int32_t limit, Workspace& workspace,
                            std::vector<int32_t>& out) const {
  if (piece.size() <= kShortPiece) {
    merge_short(piece, limit, out);
  } else {
    merge_long(piece, limit, workspace, out);
  }
}

void BytePairEncoder::merge_short(std::string_view piece, int32_t limit, std::vector<int32_t>& out) const {
  const auto n = uint32_t(piece.size());
  // The part that starts at byte i ends at next[i]; key[i] = rank of it joined with the one after << 8 | i,
  // so that the least key is the lowest rank and the leftmost of equals.
  alignas(64) uint32_t key[kShortPiece + kLanes];  // [n, rounded up to kLanes]
  uint8_t next[kShortPiece + 1], previous[kShortPiece + 1];
  int32_t token[kShortPiece];
  const auto make_key = [&](uint32_t rank, uint32_t i) {
    return rank < uint32_t(limit) ? rank << 8 | i : kNoPair;  // Vocabulary::kNone is above every limit
  };
  for (uint32_t i = 0; i < n; ++i) {
    next[i] = uint8_t(i + 1);
    previous[i + 1] = uint8_t(i);
    token[i] = vocabulary_.byte_token(uint8_t(piece[i]));
    key[i] = i + 1 < n ? make_key(pair_rank(uint8_t(piece[i]), uint8_t(piece[i + 1])), i) : kNoPair;
  }
  const uint32_t padded = (n + kLanes - 1) / kLanes * kLanes;
  for (uint32_t i = n; i < padded; ++i) key[i] = kNoPair;

  while (true) {
    uint32_t least = kNoPair;
    for (uint32_t i = 0; i < padded; ++i) least = std::min(least, key[i]);
    if (least == kNoPair) break;
    const uint32_t i = least & 0xff, gone = next[i], after = next[gone];
    token[i] = int32_t(least >> 8);
    key[gone] = kNoPair;
    next[i] = uint8_t(after);
    key[i] = kNoPair;
    if (after < n) {
      previous[after] = uint8_t(i);
      key[i] = make_key(uint32_t(vocabulary_.find(piece.substr(i, next[after] - i))), i);
    }
    if (i > 0) {
      const uint32_t left = previous[i];
      key[left] = make_key(uint32_t(vocabulary_.find(piece.substr(left, after - left))), left);
    }
  }
  for (uint32_t i = 0; i < n; i = next[i]) out.push_back(token[i]);
}

void BytePairEncoder::merge_long(std::string_view piece, int32_t limit, Workspace& w,
                                 std::vector<int32_t>& out) const {
  GENESIS_CHECK(piece.size() < kNoPair, "a piece of ", piece.size(), " bytes; the most is ", kNoPair - 1);
  const auto n = uint32_t(piece.size());
  w.next.resize(n + 1);
  w.previous.resize(n + 1);
  w.rank.resize(n);
  w.heap.clear();
  // An entry of the heap is stale unless it still is the rank of the pair that starts there.
  for (uint32_t i = 0; i < n; ++i) {
    w.next[i] = i + 1;
    w.previous[i + 1] = i;
    const uint32_t rank = i + 1 < n ? pair_rank(uint8_t(piece[i]), uint8_t(piece[i + 1])) : kNoPair;
    w.rank[i] = rank < uint32_t(limit) ? rank : kNoPair;
    if (w.rank[i] != kNoPair) w.heap.push_back(uint64_t(w.rank[i]) << 32 | i);
  }
  std::make_heap(w.heap.begin(), w.heap.end(), std::greater<>());
  const auto update = [&](uint32_t i) {
    const uint32_t second = w.next[i];
    const auto rank = second < n ? uint32_t(vocabulary_.find(piece.substr(i, w.next[second] - i))) : kNoPair;
    w.rank[i] = rank < uint32_t(limit) ? rank : kNoPair;
    if (w.rank[i] == kNoPair) return;
    w.heap.push_back(uint64_t(w.rank[i]) << 32 | i);
    std::push_heap(w.heap.begin(), w.heap.end(), std::greater<>());
  };
  while (!w.heap.empty()) {
    std::pop_heap(w.heap.begin(), w.heap.end(), std::greater<>());
    const auto rank = uint32_t(w.heap.back() >> 32), i = uint32_t(w.heap.back());
    w.heap.pop_back();
    if (w.rank[i] != rank) continue;
    const uint32_t gone = w.next[i], after = w.next[gone];
    w.rank[gone] = kNoPair;
    w.next[i] = after;
    if (after <= n) w.previous[after] = i;
    update(i);
    if (i > 0) update(w.previous[i]);
  }
  for (uint32_t i = 0; i < n; i = w.next[i]) out.push_back(vocabulary_.find(piece.substr(i, w.next[i] - i)));
}

}  // namespace genesis::data
