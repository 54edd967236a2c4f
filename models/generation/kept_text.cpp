#include "models/generation/kept_text.h"

#include <algorithm>
#include <bit>

namespace genesis::models {

int64_t KeptText::begin(const QwenConfig& config, std::span<const int32_t> prompt, int64_t capacity,
                        const KeyForm& form) {
  if (form != form_) forget();
  form_ = form;
  const auto same =
      std::mismatch(tokens_.begin(), tokens_.end(), prompt.begin(), prompt.end()).first - tokens_.begin();
  reused_ = std::min<int64_t>(same, int64_t(prompt.size()) - 1);
  tokens_.resize(size_t(reused_));
  if (cache_) cache_->truncate(0, reused_);
  if (!cache_ || cache_->capacity() < capacity || cache_->keys(0).dtype() != form.dtype ||
      cache_->keys(0).device() != form.device) {
    auto larger = std::make_unique<KvCache>(config, 1, int64_t(std::bit_ceil(uint64_t(capacity))), form.dtype,
                                            form.device);
    if (reused_ > 0) larger->copy_text(0, *cache_, 0);
    cache_ = std::move(larger);
  }
  return reused_;
}

}  // namespace genesis::models
