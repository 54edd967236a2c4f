#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>

#include "kernels/core/dtype.h"

namespace genesis::kernels::cuda {

/// Causal attention as cuDNN is asked for it. Sequences have as many keys as queries. `packed`: documents of
/// any length up to `length`, found by offsets; otherwise all have exactly `length` rows. Strides are in
/// elements, from row to row; heads of a row are beside each other.
struct SdpaShape {
  int64_t sequences = 1, length = 0;
  int64_t heads = 1, kv_heads = 1, d = 0;
  int64_t q_row = 0, k_row = 0, v_row = 0, out_row = 0;
  int64_t dout_row = 0, dq_row = 0, dk_row = 0, dv_row = 0;  ///< of the backward pass
  DType dtype = DType::bf16;                                 ///< bf16 | f16
  bool packed = false, backward = false;
  float scale = 0;

  auto operator<=>(const SdpaShape&) const = default;
  std::string text() const;  ///< one word, for a cache
};

/// Memory on the card of one call; what its direction does not have stays null.
struct SdpaMemory {
  void *q = nullptr, *k = nullptr, *v = nullptr, *out = nullptr;
  void* stats = nullptr;  ///< f32 ln sum e^s: [sequences, heads, length]; packed: [rows, heads]
  void *dout = nullptr, *dq = nullptr, *dk = nullptr, *dv = nullptr;
  void* lengths = nullptr;            ///< packed: i32 [sequences]
  std::array<void*, 9> offsets = {};  ///< packed: i64 [sequences + 1] elements, in the order of kSdpaOffsets
  void* workspace = nullptr;
};
/// Whose offsets: rows of documents times these strides.
enum SdpaOffset {
  kOffsetQ,
  kOffsetK,
  kOffsetV,
  kOffsetOut,
  kOffsetStats,
  kOffsetDout,
  kOffsetDq,
  kOffsetDk,
  kOffsetDv
};

/// Rows between neighbours that offset `which` counts in: the stride that belongs to it.
int64_t row_of(const SdpaShape& shape, SdpaOffset which);

/// A plan of cuDNN for one shape. Building takes long (a tenth of a second and more); running gives work to
/// the current stream. The backward pass is asked for with its deterministic algorithm: both directions
/// repeat bit for bit. Source: NVIDIA cuDNN frontend, graph API, scaled dot product attention.
class SdpaPlan {
 public:
  /// Errors: genesis::Error with cuDNN's words when there is no plan for this shape.
  explicit SdpaPlan(const SdpaShape& shape);
  ~SdpaPlan();
  SdpaPlan(const SdpaPlan&) = delete;
  SdpaPlan& operator=(const SdpaPlan&) = delete;

  int64_t workspace_bytes() const;
  void run(const SdpaMemory& memory) const;

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

/// What there is of cuDNN here. Looking loads the library, once.
struct CudnnState {
  std::string
      missing;  ///< empty when it can be asked; otherwise why not: not built with, not installed, too old
  int64_t version = 0;  ///< 92600 for 9.26.0
  std::string text;     ///< one line for `genesis doctor`
};
const CudnnState& cudnn_state();

}  // namespace genesis::kernels::cuda
