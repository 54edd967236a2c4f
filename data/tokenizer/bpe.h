#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "data/tokenizer/join_filter.h"
#include "data/tokenizer/vocabulary.h"

namespace genesis::data {

/// Byte pair encoding of one piece: the token of the whole piece if there is one, else its bytes, merged
/// again and again at the adjacent pair whose joined bytes have the lowest rank, the leftmost of equals.
///   Time: O(n log n) for a piece of n bytes; short pieces by a linear scan, which is faster up to a few
///   hundred.
/// Source: openai/tiktoken (byte_pair_merge); equal to applying merges.txt in order.
class BytePairEncoder {
 public:
  /// Buffers that calls reuse, and the tokens of pieces met before. One thread at a time.
  class Workspace;
  struct DeleteWorkspace {
    void operator()(Workspace* workspace) const;
  };
  using WorkspacePointer = std::unique_ptr<Workspace, DeleteWorkspace>;

  /// Keeps a reference to the vocabulary, which must outlive the encoder.
  explicit BytePairEncoder(const Vocabulary& vocabulary);

  static WorkspacePointer make_workspace();

  /// Appends the tokens of the piece, which is well-formed UTF-8 and not empty, to `out`.
  void encode(std::string_view piece, Workspace& workspace, std::vector<int32_t>& out) const;

  /// The same by merges that make tokens of rank < `limit` alone, without a look at the whole piece.
  ///   With limit = r and the bytes of r it gives the two tokens whose merge makes r.
  void merge(std::string_view piece, int32_t limit, Workspace& workspace, std::vector<int32_t>& out) const;

 private:
  bool encode_whole(std::string_view piece, std::vector<int32_t>& out) const;
  void encode_stretch(std::string_view stretch, Workspace& workspace, std::vector<int32_t>& out) const;
  void merge_short(std::string_view piece, int32_t limit, std::vector<int32_t>& out) const;
  void merge_long(std::string_view piece, int32_t limit, Workspace& workspace,
                  std::vector<int32_t>& out) const;
  uint32_t pair_rank(uint8_t a, uint8_t b) const { return uint32_t(byte_pairs_[size_t(a) << 8 | b]); }

  const Vocabulary& vocabulary_;
  JoinFilter joins_;
  std::vector<int32_t> byte_pairs_;  // [256, 256] the rank of each two-byte token, or kNone
};

}  // namespace genesis::data
