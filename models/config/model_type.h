#pragma once
#include <optional>
#include <string_view>

#include "models/config/qwen_config.h"

namespace genesis::models {

/// model_type of a model that none of the released families' code computes; see experimental_reason.
inline constexpr std::string_view kExperimentalType = "genesis_qwen";

/// The family behind Hugging Face's `model_type` ("qwen", "qwen2", "qwen3") or a person's spelling ("qwen1",
/// "qwen1.5").
std::optional<QwenFamily> family_of(std::string_view model_type);

/// Hugging Face's `model_type` and architecture class.
std::string_view model_type_of(QwenFamily family);
std::string_view architecture_of(QwenFamily family);

/// "bfloat16", "torch.bfloat16", "bf16" … -> bf16; nothing for a name that is not a floating type Genesis
/// has.
std::optional<DType> dtype_from_name(std::string_view name);
/// "bfloat16"
std::string_view torch_name_of(DType dtype);

}  // namespace genesis::models
