#include "kernels/core/block_pool.h"

#include <algorithm>
#include <vector>

#include "kernels/core/check.h"

namespace genesis {
namespace {

int64_t rounded(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

char* BlockPool::new_segment(int64_t bytes, bool small) {
  int64_t size = small ? kSmallSegment : std::max(segment_, rounded(bytes, int64_t{2} << 20));
  void* data = allocate_(size);
  if (!data) {
    trim();
    data = allocate_(size);
  }
  if (!data &&
      size > rounded(bytes, int64_t{2} << 20)) {  // the last of the card's memory: no more than is needed
    size = rounded(bytes, int64_t{2} << 20);
    data = allocate_(size);
  }
  if (!data) return nullptr;
  reserved_ += size;
  auto* at = static_cast<char*>(data);
  pieces_[at] = {size, false, small, at};
  free_set(small).insert({size, at});
  return at;
}

void* BlockPool::take(int64_t bytes) {
  const int64_t wanted = rounded(std::max<int64_t>(bytes, 1), kAlignment);
  const bool small = wanted < kSmallest;
  FreeSet& available = free_set(small);
  auto best = available.lower_bound({wanted, nullptr});
  if (best == available.end()) {
    if (!new_segment(wanted, small)) return nullptr;
    best = available.lower_bound({wanted, nullptr});
  }
  char* at = best->second;
  available.erase(best);
  Piece& piece = pieces_.at(at);
  if (const int64_t rest = piece.bytes - wanted; rest >= (small ? kAlignment : kSmallest)) {
    pieces_[at + wanted] = {rest, false, small, piece.segment};
    available.insert({rest, at + wanted});
    piece.bytes = wanted;
  }
  piece.used = true;
  in_use_ += piece.bytes;
  return at;
}

void BlockPool::join_with_next(std::map<char*, Piece>::iterator piece) {
  const auto next = std::next(piece);
  if (next == pieces_.end() || next->second.used || next->second.segment != piece->second.segment) return;
  free_set(next->second.small).erase({next->second.bytes, next->first});
  piece->second.bytes += next->second.bytes;
  pieces_.erase(next);
}

void BlockPool::give(void* block) {
  auto piece = pieces_.find(static_cast<char*>(block));
  GENESIS_INVARIANT(piece != pieces_.end() && piece->second.used, "a block that this pool did not hand out");
  piece->second.used = false;
  in_use_ -= piece->second.bytes;
  join_with_next(piece);
  if (piece != pieces_.begin()) {
    const auto before = std::prev(piece);
    if (!before->second.used && before->second.segment == piece->second.segment) {
      free_set(before->second.small).erase({before->second.bytes, before->first});
      join_with_next(before);
      piece = before;
    }
  }
  free_set(piece->second.small).insert({piece->second.bytes, piece->first});
}

int64_t BlockPool::trim() {
  int64_t given_back = 0;
  for (auto piece = pieces_.begin(); piece != pieces_.end();) {
    const auto next = std::next(piece);
    const bool whole = !piece->second.used && piece->first == piece->second.segment &&
                       (next == pieces_.end() || next->second.segment != piece->second.segment);
    if (whole) {
      free_set(piece->second.small).erase({piece->second.bytes, piece->first});
      free_(piece->first);
      given_back += piece->second.bytes;
      pieces_.erase(piece);
    }
    piece = next;
  }
  reserved_ -= given_back;
  return given_back;
}

int64_t BlockPool::largest_free() const { return free_large_.empty() ? 0 : free_large_.rbegin()->first; }

}  // namespace genesis
