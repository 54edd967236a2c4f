#include "models/safetensors/index.h"

#include "kernels/core/error.h"
#include "models/json/strict_json.h"

namespace genesis::models {

namespace fs = std::filesystem;

bool is_pickle(const fs::path& p) {
  const std::string e = p.extension().string();
  return e == ".bin" || e == ".pt" || e == ".pth" || e == ".pkl" || e == ".ckpt";
}

[[noreturn]] void refuse_pickle(const fs::path& p) {
  throw CheckpointError(
      "{}: a pickle file can run code when it is read, so Genesis reads safetensors only. Convert it once, "
      "where you "
      "trust it, with Python: AutoModelForCausalLM.from_pretrained(FOLDER, trust_remote_code=True)"
      ".save_pretrained(NEW_FOLDER, safe_serialization=True)",
      p.string());
}

SafetensorsIndex parse_safetensors_index(std::string_view text, const std::string& file) {
  const auto json = parse_json(text, file);
  const auto refuse = [&](const std::string& why) { throw CheckpointError("{}: {}", file, why); };
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    refuse("has no 'weight_map' object");
  }
  SafetensorsIndex index;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    if (!shard.is_string()) refuse("weight_map '" + tensor + "' must be a file name");
    const auto name = shard.get<std::string>();
    if (name.find('/') != std::string::npos || name.find('\\') != std::string::npos ||
        name.find('\0') != std::string::npos || !name.ends_with(".safetensors")) {
      if (is_pickle(name)) refuse_pickle(fs::path(file).parent_path() / name);
      refuse("weight_map '" + tensor + "': '" + name + "' must be the plain name of a .safetensors file");
    }
    index.shard_of[tensor] = name;
  }
  if (index.shard_of.empty()) refuse("weight_map is empty");
  if (const auto meta = json.find("metadata");
      meta != json.end() && meta->is_object() && meta->contains("total_size")) {
    const auto& size = (*meta)["total_size"];
    if (!size.is_number_unsigned()) refuse("metadata.total_size must be a whole number");
    index.total_size = size.get<int64_t>();
  }
  return index;
}

}  // namespace genesis::models
