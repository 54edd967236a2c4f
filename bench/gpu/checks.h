#pragma once
// Whether a card computes what the CPU computes, before anything is timed.
#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include "autograd/autocast.h"
#include "kernels/copy.h"
#include "kernels/core/rng.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "models/qwen/model.h"

namespace genesis::bench {

inline models::QwenConfig shape_of(const std::string& name) {
  models::QwenConfig c;
  c.vocab_size = name == "quick" ? 512 : 151936;
  c.dropout = 0;
  c.max_seq_len = c.seq_length = 8192;
  if (name == "1.8B") c.n_layer = 24, c.n_head = 16, c.n_embd = 2048, c.intermediate_size = 5504;
  if (name == "7B") c.n_layer = 32, c.n_head = 32, c.n_embd = 4096, c.intermediate_size = 11008;
  if (name == "quick") c.n_layer = 2, c.n_head = 2, c.n_embd = 128, c.intermediate_size = 160;
  return c.resolved();
}

/// Two texts and their targets, every one a function of its place.
struct CheckedBatch {
  models::TokenBatch batch;
  Array targets;
  explicit CheckedBatch(int64_t length) {
    std::vector<std::vector<int32_t>> texts(2);
    std::vector<int32_t> wanted;
    for (auto& text : texts)
      for (int64_t i = 0; i < length; ++i) {
        text.push_back(int32_t(philox(3, 1, wanted.size())[0] % 500));
        wanted.push_back(i % 5 == 0 ? -100 : int32_t(philox(3, 2, wanted.size())[0] % 500));
      }
    batch = models::TokenBatch::from_texts(texts);
    targets = Array::from(wanted, {int64_t(wanted.size())});
  }
};

/// Loss and gradients of a model, on the CPU.
inline std::vector<Array> gradients_of(models::QwenModel& model, const CheckedBatch& b, bool mixed) {
  model.zero_grad();
  Tensor loss;
  {
    autocast cast(DType::bf16, mixed);
    loss = model.loss_sum(b.batch, b.targets);
  }
  loss.backward(Array::full(loss.shape(), 1.0 / double(b.targets.numel()), loss.dtype()));
  std::vector<Array> all{on_device(loss.value(), Device::cpu)};
  for (const Tensor& p : model.parameters())
    all.push_back(on_device(kernels::converted_copy(p.grad(), DType::f32), Device::cpu));
  return all;
}

/// The largest relative 2-norm error of an array.
inline double worst_error(const std::vector<Array>& got, const std::vector<Array>& wanted) {
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    double error = 0, norm = 0;
    for (int64_t j = 0; j < got[i].numel(); ++j) {
      const double w = wanted[i].data<float>()[j];
      error += std::pow(double(got[i].data<float>()[j]) - w, 2);
      norm += w * w;
    }
    const double relative = norm > 0 ? std::sqrt(error / norm) : std::sqrt(error);
    worst = relative > worst || relative != relative ? relative : worst;  // a NaN stays
  }
  return worst;
}

inline bool same_bits(const std::vector<Array>& a, const std::vector<Array>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(a[i].raw(), b[i].raw(), size_t(a[i].nbytes())) != 0) return false;
  return true;
}

struct CheckResults {
  double f32_error, bf16_error;  // against the CPU
  bool recompute_same;           // every policy gives the bits of none
};

/// A model of two blocks with heads of 64 against the CPU, and the same of `wide` with every policy of
/// recomputation.
inline CheckResults check_model(const models::QwenConfig& wide, int64_t wide_tokens) {
  const models::QwenConfig small = shape_of("quick");
  models::QwenModel host(small, DType::f32, 5);
  const DeviceScope place(Device::cuda);
  models::QwenModel card(small, DType::f32, 5);
  const auto from = host.parameters(), to = card.parameters();
  for (size_t i = 0; i < from.size(); ++i) copy_across(from[i].value(), to[i].value());
  const CheckedBatch b(33);
  const auto wanted = gradients_of(host, b, false);
  CheckResults r{worst_error(gradients_of(card, b, false), wanted),
                 worst_error(gradients_of(card, b, true), wanted), true};
  models::QwenModel model(wide, DType::f32, 7);
  const CheckedBatch large(wide_tokens);
  const auto plain = gradients_of(model, large, true);
  for (const auto what :
       {models::Recompute::activation, models::Recompute::feed_forward, models::Recompute::block}) {
    model.recompute(what);
    r.recompute_same = r.recompute_same && same_bits(gradients_of(model, large, true), plain);
  }
  return r;
}

}  // namespace genesis::bench
