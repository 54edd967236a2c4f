#include "models/generation/generation_config.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/error.h"
#include "models/json/strict_json.h"

namespace genesis::models {
namespace {

using Json = nlohmann::json;

constexpr int64_t kImStart = 151644, kImEnd = 151645;  // in the vocabulary of every Qwen family

[[noreturn]] void refuse(std::string_view key, double value, std::string_view why) {
  throw ConfigError("generation key '{}' is {}: {}", key, value, why);
}

template <class T>
void read(const Json& json, const std::string& file, const char* key, T& into) {
  const auto it = json.find(key);
  if (it == json.end() || it->is_null()) return;
  const bool fits = std::is_same_v<T, bool>     ? it->is_boolean()
                    : std::is_same_v<T, double> ? it->is_number()
                                                : it->is_number_unsigned();
  if (!fits) throw ConfigError("{}: key '{}' is {}: another type is needed", file, key, it->dump());
  into = it->get<T>();
}

void add_stop(GenerationConfig& g, int64_t id) {
  if (std::find(g.stop_ids.begin(), g.stop_ids.end(), id) == g.stop_ids.end()) g.stop_ids.push_back(id);
}

}  // namespace

void GenerationConfig::check() const {
  if (max_new_tokens < 0) refuse("max_new_tokens", double(max_new_tokens), "it must be at least 0");
  if (!(temperature > 0) || !std::isfinite(temperature))
    refuse("temperature", temperature, "it must be above 0");
  if (num_return_sequences < 1)
    refuse("num_return_sequences", double(num_return_sequences), "it must be at least 1");
  if (num_return_sequences > 1 && !do_sample)
    refuse("num_return_sequences", double(num_return_sequences),
           "without do_sample all of them would be the same");
  if (max_window_size < 1) refuse("max_window_size", double(max_window_size), "it must be at least 1");
  if (top_k < 0) refuse("top_k", double(top_k), "it must be at least 0");
  if (usable_ids < 0) refuse("usable_ids", double(usable_ids), "it must be at least 0");
  if (!(top_p > 0 && top_p <= 1)) refuse("top_p", top_p, "it must be above 0 and at most 1");
  if (!(repetition_penalty > 0) || !std::isfinite(repetition_penalty)) {
    refuse("repetition_penalty", repetition_penalty, "it must be above 0");
  }
}

GenerationConfig GenerationConfig::from_json(const std::filesystem::path& path) {
  const auto file = std::filesystem::is_directory(path) ? path / "generation_config.json" : path;
  try {
    return parse(read_json_text(file), file.string());
  } catch (const CheckpointError& e) {
    throw ConfigError("{}", e.what());
  }
}

GenerationConfig GenerationConfig::parse(std::string_view text, const std::string& name) {
  Json json;
  try {
    json = parse_json(text, name);
  } catch (const CheckpointError& e) {
    throw ConfigError("{}", e.what());
  }
  if (!json.is_object()) throw ConfigError("{}: must be a JSON object", name);
  GenerationConfig g;
  read(json, name, "max_new_tokens", g.max_new_tokens);
  read(json, name, "do_sample", g.do_sample);
  read(json, name, "temperature", g.temperature);
  read(json, name, "top_k", g.top_k);
  read(json, name, "top_p", g.top_p);
  read(json, name, "repetition_penalty", g.repetition_penalty);
  read(json, name, "max_window_size", g.max_window_size);
  if (const auto eos = json.find("eos_token_id"); eos != json.end() && !eos->is_null()) {
    for (const Json& id : eos->is_array() ? *eos : Json::array({*eos})) {
      if (!id.is_number_unsigned())
        throw ConfigError("{}: key 'eos_token_id' is {}: token ids are needed", name, eos->dump());
      add_stop(g, id.get<int64_t>());
    }
  }
  if (const auto format = json.find("chat_format"); format != json.end() && *format == "chatml") {
    add_stop(g, kImEnd);
    add_stop(g, kImStart);
  }
  g.check();
  return g;
}

}  // namespace genesis::models
