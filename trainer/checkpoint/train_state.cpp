#include "trainer/checkpoint/train_state.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/core/error.h"
#include "models/safetensors/durable_file.h"

namespace genesis::trainer {
namespace {

constexpr int kVersion = 1;

template <class T>
T take(const nlohmann::json& object, const char* key, const std::filesystem::path& file) {
  const auto found = object.find(key);
  if (found == object.end()) throw CheckpointError("{}: key '{}' is missing", file.string(), key);
  try {
    return found->get<T>();
  } catch (const nlohmann::json::exception&) {
    throw CheckpointError("{}: key '{}' has the wrong type: {}", file.string(), key, found->dump());
  }
}

}  // namespace

TrainState read_train_state(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw CheckpointError("{}: cannot be read", file.string());
  const auto object = nlohmann::json::parse(in, nullptr, false);
  if (!object.is_object()) throw CheckpointError("{}: is not a JSON object (truncated?)", file.string());
  const int version = take<int>(object, "version", file);
  if (version != kVersion)
    throw CheckpointError("{}: format version {} is not known to this program (it knows {})", file.string(),
                          version, kVersion);
  TrainState s;
  s.step = take<int64_t>(object, "step", file);
  s.consumed_rows = take<int64_t>(object, "consumed_rows", file);
  s.seed = take<int64_t>(object, "seed", file);
  s.tokens = take<int64_t>(object, "tokens", file);
  s.supervised_tokens = take<int64_t>(object, "supervised_tokens", file);
  s.seconds = take<double>(object, "seconds", file);
  s.dataset_digest = take<std::string>(object, "dataset_digest", file);
  s.global_batch_size = take<int64_t>(object, "global_batch_size", file);
  return s;
}

void write_train_state(const std::filesystem::path& file, const TrainState& s) {
  const nlohmann::ordered_json object{{"version", kVersion},
                                      {"step", s.step},
                                      {"consumed_rows", s.consumed_rows},
                                      {"seed", s.seed},
                                      {"tokens", s.tokens},
                                      {"supervised_tokens", s.supervised_tokens},
                                      {"seconds", s.seconds},
                                      {"dataset_digest", s.dataset_digest},
                                      {"global_batch_size", s.global_batch_size}};
  models::write_text_file(file, object.dump(2) + "\n");
}

}  // namespace genesis::trainer
