#pragma once
#include <memory>

#include "kernels/core/transfer.h"
#include "models/qwen/model.h"

namespace genesis::testing {

inline models::QwenConfig small_config(int64_t head_dim = 16) {
  models::QwenConfig c;
  c.family = models::QwenFamily::qwen1;
  c.vocab_size = 97;
  c.n_layer = 2;
  c.n_embd = 2 * head_dim;
  c.n_head = 2;
  c.intermediate_size = 40;
  c.dropout = 0;
  c.max_seq_len = c.seq_length = 64;
  return c.resolved();
}

/// The same weights on every device.
inline std::unique_ptr<models::QwenModel> model_on(Device device, const models::QwenConfig& config,
                                                   DType dtype = DType::f32) {
  auto model = std::make_unique<models::QwenModel>(config, dtype, 5);
  if (device == Device::cpu) return model;
  const DeviceScope scope(device);
  auto card = std::make_unique<models::QwenModel>(config, dtype, 5);
  const auto from = model->named_parameters(), to = card->named_parameters();
  for (size_t i = 0; i < from.size(); ++i) copy_across(from[i].second.value(), to[i].second.value());
  return card;
}

}  // namespace genesis::testing
