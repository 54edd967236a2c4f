#pragma once
#include <fmt/core.h>

#include <optional>

#include "kernels/copy.h"
#include "kernels/core/transfer.h"
#include "kernels/rope.h"
#include "models/generation/kv_cache.h"
#include "models/qwen/token_batch.h"
#include "models/qwen/tracer.h"

namespace genesis::models {

/// How inference differs from training: rows of the rotary tables for each token, the logn factor, a cache.
struct InferencePass {
  Array rows;                  ///< [N] i32 rows of cos and sin
  Array cos, sin;              ///< see RotaryTables
  bool logn = false;           ///< scale queries by position
  double logn_length = 0;      ///< the training length in that factor
  Array k_begin, k_length;     ///< [texts] i32: rows of each text's keys; see kernels/attention.h
  KvCache* cache = nullptr;    ///< keys are written to it and read from it; null: keys are this batch's own
  std::vector<int64_t> slots;  ///< [texts] slot of each text in the cache
  bool one_token =
      false;  ///< every text brings one token, whose key k_length counts: kernels/cached_attention.h
};

/// What all blocks of one forward pass share.
struct ForwardPass {
  TokenBatch batch;
  kernels::RopeTable table;                ///< plain rotary positions
  std::optional<InferencePass> inference;  ///< set: no gradient is recorded
  Tracer tracer;

  template <class... A>
  void trace(const Array& value, fmt::format_string<A...> name, A&&... args) const {
    if (!tracer.value) return;
    const bool here = value.device() == Device::cpu;
    tracer.value(fmt::format(name, std::forward<A>(args)...),
                 here ? value : on_device(kernels::contiguous(value), Device::cpu));
  }
};

}  // namespace genesis::models
