#include "models/config/model_type.h"

#include <utility>

namespace genesis::models {

std::optional<QwenFamily> family_of(std::string_view model_type) {
  constexpr std::pair<std::string_view, QwenFamily> kNames[] = {
      {"qwen", QwenFamily::qwen1},     {"qwen1", QwenFamily::qwen1},   {"qwen2", QwenFamily::qwen15},
      {"qwen1.5", QwenFamily::qwen15}, {"qwen15", QwenFamily::qwen15}, {"qwen2.5", QwenFamily::qwen15},
      {"qwen3", QwenFamily::qwen3}};
  for (const auto& [name, family] : kNames) {
    if (name == model_type) return family;
  }
  return std::nullopt;
}

std::string_view model_type_of(QwenFamily family) {
  return family == QwenFamily::qwen1 ? "qwen" : family == QwenFamily::qwen15 ? "qwen2" : "qwen3";
}

std::string_view architecture_of(QwenFamily family) {
  return family == QwenFamily::qwen1    ? "QWenLMHeadModel"
         : family == QwenFamily::qwen15 ? "Qwen2ForCausalLM"
                                        : "Qwen3ForCausalLM";
}

std::optional<DType> dtype_from_name(std::string_view name) {
  if (name.starts_with("torch.")) name.remove_prefix(6);
  if (name == "bfloat16" || name == "bf16") return DType::bf16;
  if (name == "float16" || name == "f16" || name == "fp16" || name == "half") return DType::f16;
  if (name == "float32" || name == "f32" || name == "fp32" || name == "float") return DType::f32;
  if (name == "float64" || name == "f64" || name == "fp64" || name == "double") return DType::f64;
  return std::nullopt;
}

std::string_view torch_name_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return "float64";
    case DType::bf16:
      return "bfloat16";
    case DType::f16:
      return "float16";
    default:
      return "float32";
  }
}

}  // namespace genesis::models
