#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>

namespace genesis {

/// Cuts blocks out of large segments and joins neighbours again when they are given back: memory for sizes
/// that change from step to step, without asking the source (a driver would stop the card, an operating
/// system would hand out pages that must be zeroed first) and without fragments that never come back. Best
/// fit; it never looks into a block, and all work is on the host, so blocks may be handed out while a graph
/// is captured.
///   Not thread-safe; reuse is in the order of calls.
/// Errors: none; take() returns nullptr when the source has nothing left even after trim().
class BlockPool {
 public:
  static constexpr int64_t kAlignment = 512;              ///< bytes; every block starts and ends on it
  static constexpr int64_t kSmallest = int64_t{1} << 20;  ///< blocks below share small segments
  static constexpr int64_t kSmallSegment = int64_t{8} << 20;
  static constexpr int64_t kSegment = int64_t{128} << 20;

  using Allocate = std::function<void*(int64_t)>;  ///< nullptr when there is none
  using Free = std::function<void(void*)>;
  /// `segment`: bytes asked of the source at a time for blocks from kSmallest on.
  BlockPool(Allocate allocate, Free free, int64_t segment = kSegment)
      : allocate_(std::move(allocate)), free_(std::move(free)), segment_(segment) {}

  /// A block of at least `bytes`; nullptr when the source has none.
  void* take(int64_t bytes);
  /// Gives a block back.
  void give(void* block);
  /// Returns segments without a block in use to the source; the bytes returned.
  int64_t trim();

  int64_t reserved() const { return reserved_; }  ///< bytes held from the source
  int64_t in_use() const { return in_use_; }      ///< bytes of blocks handed out, as rounded
  int64_t largest_free() const;

 private:
  struct Piece {
    int64_t bytes;
    bool used, small;
    char* segment;  // its first piece
  };
  struct BySize {
    bool operator()(const std::pair<int64_t, char*>& a, const std::pair<int64_t, char*>& b) const {
      return a < b;
    }
  };
  using FreeSet = std::set<std::pair<int64_t, char*>, BySize>;

  FreeSet& free_set(bool small) { return small ? free_small_ : free_large_; }
  char* new_segment(int64_t bytes, bool small);
  void join_with_next(std::map<char*, Piece>::iterator piece);

  Allocate allocate_;
  Free free_;
  int64_t segment_;
  std::map<char*, Piece> pieces_;  // by address, over all segments
  FreeSet free_small_, free_large_;
  int64_t reserved_ = 0, in_use_ = 0;
};

}  // namespace genesis
