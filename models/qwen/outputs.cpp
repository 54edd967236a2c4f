#include "models/qwen/outputs.h"

#include <cstring>
#include <map>

#include "autograd/grad_mode.h"
#include "models/qwen/model.h"

namespace genesis::models {
namespace {

Array copy_of(const Array& value) {
  GENESIS_INVARIANT(value.is_contiguous(), "a traced value of shape ", to_string(value.shape()), " has gaps");
  const Array copy = Array::empty(value.shape(), value.dtype());
  std::memcpy(copy.raw(), value.raw(), size_t(value.nbytes()));
  return copy;
}

/// Arrays of one name behind each other, as one tensor of `shape`.
Tensor joined(const std::vector<Array>& parts, const Shape& shape) {
  const Array all = Array::empty(shape, parts[0].dtype());
  char* to = static_cast<char*>(all.raw());
  for (const Array& a : parts) {
    std::memcpy(to, a.raw(), size_t(a.nbytes()));
    to += a.nbytes();
  }
  return Tensor(all);
}

}  // namespace

ModelOutputs QwenModel::operator()(const Tensor& input_ids, const OutputOptions& options) {
  std::map<std::string, std::vector<Array>, std::less<>> seen;
  const Tracer before = tracer_;
  tracer_ = {[&](std::string_view name, const Array& value) {
               if (before.value) before.value(name, value);
               const bool hidden =
                   options.return_hidden_states && name.starts_with("hidden.") && name != "hidden.norm";
               const bool probabilities = options.return_attention && name.ends_with(".attn_probs");
               if (hidden || probabilities) seen[std::string(name)].push_back(copy_of(value));
             },
             options.return_attention || before.attention_probabilities};
  ModelOutputs out;
  try {
    const no_grad quiet;
    out.logits = (*this)(input_ids);
  } catch (...) {
    tracer_ = before;
    throw;
  }
  tracer_ = before;
  const int64_t b = input_ids.size(0), t = input_ids.size(1);
  if (options.return_hidden_states) {
    out.hidden_states.push_back(joined(seen.at("hidden.embed"), {b, t, config_.n_embd}));
    for (int64_t n = 0; n < config_.n_layer; ++n)
      out.hidden_states.push_back(joined(seen.at(fmt::format("hidden.{}", n)), {b, t, config_.n_embd}));
  }
  for (int64_t n = 0; options.return_attention && n < config_.n_layer; ++n)
    out.attentions.push_back(
        joined(seen.at(fmt::format("layer{}.attn_probs", n)), {b, config_.n_head, t, t}));
  return out;
}

}  // namespace genesis::models
