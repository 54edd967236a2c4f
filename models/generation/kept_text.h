#pragma once
#include <memory>
#include <span>
#include <vector>

#include "models/generation/kv_cache.h"

namespace genesis::models {

/// How the keys of a text are made, and where they are.
struct KeyForm {
  double ntk_alpha = 1;
  DType dtype = DType::f32;
  Device device = Device::cpu;
  bool operator==(const KeyForm&) const = default;
};

/// Keys and values of one text, kept from one call of generate() to the next: a prompt that begins as the
/// last text did is computed from the first token that differs. For a conversation that is every turn but the
/// newest.
///   Keys made in another form are not used. The caller keeps the model's weights as
///   they are meanwhile, or calls forget().
class KeptText {
 public:
  /// How many of the prompt's tokens are there already; the last is always computed again, for its logits.
  /// The rest of what was kept is forgotten.
  int64_t begin(const QwenConfig& config, std::span<const int32_t> prompt, int64_t capacity,
                const KeyForm& form);
  /// Tokens whose keys are in the cache now.
  void add(std::span<const int32_t> tokens) { tokens_.insert(tokens_.end(), tokens.begin(), tokens.end()); }
  void forget() { tokens_.clear(); }

  KvCache& cache() { return *cache_; }  ///< one slot, number 0
  int64_t tokens() const { return int64_t(tokens_.size()); }
  int64_t reused() const { return reused_; }  ///< tokens the last begin() found

 private:
  std::unique_ptr<KvCache> cache_;
  KeyForm form_;
  std::vector<int32_t> tokens_;
  int64_t reused_ = 0;
};

}  // namespace genesis::models
