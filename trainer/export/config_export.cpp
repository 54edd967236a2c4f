#include "trainer/export/config_export.h"

#include <nlohmann/json.hpp>

#include "models/config/model_type.h"
#include "models/config/qwen_config.h"
#include "models/json/strict_json.h"
#include "models/safetensors/durable_file.h"

namespace genesis::trainer {
namespace {

using Json = nlohmann::ordered_json;

/// The shape alone.
models::QwenConfig without_dtype(const std::filesystem::path& folder) {
  models::QwenConfig config = models::QwenConfig::from_json(folder);
  config.dtype = std::nullopt;
  return config;
}

void set_dtype(Json& json, DType dtype) {
  for (const char* key : {"torch_dtype", "dtype", "params_dtype"})
    if (json.contains(key) && json[key].is_string()) json[key] = models::torch_name_of(dtype);
  const std::pair<const char*, DType> flags[] = {
      {"bf16", DType::bf16}, {"fp16", DType::f16}, {"fp32", DType::f32}};
  bool said = false;  // all three false leave it to the reader, as in the released configs
  for (const auto& [key, of] : flags) said |= json.value(key, Json(false)) == true;
  for (const auto& [key, of] : flags)
    if (said && json.contains(key)) json[key] = of == dtype;
}

}  // namespace

void keep_config_keys(const std::filesystem::path& source, DType dtype, const std::filesystem::path& folder) {
  if (!(without_dtype(source) == without_dtype(folder))) return;
  const Json own = Json::parse(models::read_json_text(source / "config.json"));
  Json kept = own;
  set_dtype(kept, dtype);
  models::write_text_file(folder / "config.json", kept.dump(2) + "\n");
}

}  // namespace genesis::trainer
