#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/optim/adamw.h"
#include "autograd/optim/schedule.h"
#include "data/chat/chat_format.h"
#include "data/dataset/sft_options.h"
#include "models/config/qwen_config.h"

namespace genesis::trainer {

using data::LossOn;
using data::OnBadRecord;
using data::Truncation;
using models::QwenFamily;
using optim::DecayOn;
using optim::LrSchedulerType;
using optim::MasterForm;

/// Number format of weights, moments and arithmetic (docs/numerics.md). *-mixed keeps f32 master weights.
enum class Precision : uint8_t { fp32, bf16_mixed, fp16_mixed, bf16_true };
/// Where the model computes; `automatic` takes CUDA when the build and the machine have it.
enum class DeviceChoice : uint8_t { automatic, cpu, cuda };
/// What backward recomputes in the blocks it applies to: nothing; norms and the product of gate and up; also
/// gate and up; or all from the block's input. `fit` lets `plan` choose what fits the memory of the run.
enum class GradientCheckpointing : uint8_t { none, selective, feed_forward, full, fit };
/// Whether training passes on a card go through recordings of the blocks; `automatic`: where that pays.
enum class CudaGraphs : uint8_t { automatic, off, on };
/// The chat format: `automatic` is the model folder's own template, else its family's; of the others
/// spelling_of() is a name for data::chat_template. See trainer/train/chat_setup.h.
enum class ChatTemplateName : uint8_t { automatic, qwen, qwen15, qwen25, qwen3 };
/// `full` sums gradients in an order fixed by the sample index, so results do not depend on the ranks.
enum class Deterministic : uint8_t { standard, full };
/// Type gradients are kept in, or travel in between ranks.
enum class GradientDType : uint8_t { f32, bf16 };
/// What a step whose loss or gradient is not finite does to the run; all ranks agree.
enum class OnNonfinite : uint8_t { stop, skip };
/// What a step whose loss jumps does; `rewind` goes back to the last checkpoint and leaves the data between
/// out.
enum class OnLossSpike : uint8_t { warn, skip, rewind };

/// What a checkpoint that cannot be written does to the run; the last one of a run is always an error.
enum class OnSaveError : uint8_t { warn, abort };
/// What a run does with the findings of its data audit: stop, say them, or do not look.
enum class AuditPolicy : uint8_t { off, warn, strict };
/// The record format of dataset files; `automatic` looks at each file's first record.
enum class DatasetFormat : uint8_t { automatic, conversations, messages, alpaca, prompt_completion, text };

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
std::string_view spelling_of(E value) {
  for (const auto& s : spellings<E>())
    if (s.value == value) return s.text;
  return {};
}

/// One name for each value, in the order of the enum.
template <class E>
std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& s : spellings<E>())
    if (spelling_of(s.value) == s.text) names.emplace_back(s.text);
  return names;
}

}  // namespace genesis::trainer
