#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::trainer {

/// Number format of weights, moments and arithmetic (docs/numerics.md). *-mixed keeps f32 master weights.
enum class Precision : uint8_t { fp32, bf16_mixed, fp16_mixed, bf16_true };
/// Shape of the learning rate after warm-up.
enum class LrSchedulerType : uint8_t { linear, cosine, constant };
/// Which tokens carry loss: the assistant's answers, every token, or the official Qwen-1 recipe's mask.
enum class LossOn : uint8_t { assistant, all, qwen1 };
/// Where the model computes; `automatic` takes CUDA when the build and the machine have it.
enum class DeviceChoice : uint8_t { automatic, cpu, cuda };
/// What backward recomputes: nothing, or each block from its input.
enum class GradientCheckpointing : uint8_t { none, full };
/// The chat format (they differ in the default system text and in the newline after the last turn).
enum class ChatTemplate : uint8_t { qwen, qwen15 };
/// What happens to a sample of more than max_seq_len tokens.
enum class OnTooLong : uint8_t { error, truncate, drop };
/// `full` sums gradients in an order fixed by the sample index, so results do not depend on the ranks.
enum class Deterministic : uint8_t { standard, full };
/// Which parameters weight decay shrinks.
enum class WeightDecayOn : uint8_t { matrices, all };
/// The architecture, by the name config.json gives it: Qwen-1, Qwen1.5/2/2.5, Qwen3.
enum class ModelType : uint8_t { qwen, qwen2, qwen3 };

template <class E>
struct Spelling {
  E value;
  std::string_view text;
};

/// Every accepted spelling of an enum's values; the first spelling of a value is its name.
template <class E>
const std::vector<Spelling<E>>& spellings();

/// The name a value is written with. Errors: none; every value has a spelling.
template <class E>
std::string_view name_of(E value) {
  for (const auto& s : spellings<E>())
    if (s.value == value) return s.text;
  return {};
}

/// One name for each value, in the order of the enum.
template <class E>
std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& s : spellings<E>())
    if (name_of(s.value) == s.text) names.emplace_back(s.text);
  return names;
}

}  // namespace genesis::trainer
