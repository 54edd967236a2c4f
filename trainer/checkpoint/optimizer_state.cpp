#include "trainer/checkpoint/optimizer_state.h"

#include <string>
#include <unordered_map>
#include <vector>

#include "models/names/checkpoint_layout.h"
#include "models/safetensors/file.h"
#include "models/safetensors/writer.h"

namespace genesis::trainer {
namespace {

/// One stored tensor and the rows of a moment it holds.
struct MomentTensor {
  std::string name;
  Array rows;
};

std::vector<MomentTensor> moment_tensors(const WholeMoments& moments, const optim::AdamW& optimizer,
                                         const nn::Module& model, const models::QwenConfig& config,
                                         models::Naming naming) {
  std::unordered_map<std::string, size_t> place;
  const auto named = model.named_parameters();
  GENESIS_CHECK(named.size() == optimizer.parameters().size(), "the optimizer has ",
                optimizer.parameters().size(), " parameters, the model ", named.size());
  for (size_t i = 0; i < named.size(); ++i) {
    GENESIS_CHECK(named[i].second.impl() == optimizer.parameters()[i].impl(), "the optimizer's parameter ", i,
                  " is not ", named[i].first);
    place.emplace(named[i].first, i);
  }
  std::vector<MomentTensor> all;
  for (const auto& t : models::checkpoint_layout(config, naming)) {
    const size_t i = place.at(t.parameter);
    all.push_back({"exp_avg." + t.name, moments.first[i].slice(0, t.row_begin, t.row_end)});
    all.push_back({"exp_avg_sq." + t.name, moments.second[i].slice(0, t.row_begin, t.row_end)});
  }
  return all;
}

}  // namespace

void save_optimizer_state(const std::filesystem::path& file, const WholeMoments& whole,
                          const optim::AdamW& optimizer, const nn::Module& model,
                          const models::QwenConfig& config, models::Naming naming) {
  const auto moments = moment_tensors(whole, optimizer, model, config, naming);
  std::vector<models::TensorToWrite> declared;
  for (const auto& t : moments) declared.push_back({t.name, t.rows.dtype(), t.rows.shape()});
  models::SafetensorsWriter writer(file, std::move(declared));
  for (const auto& t : moments) writer.write(t.name, t.rows);
  writer.finish();
}

void load_optimizer_state(const std::filesystem::path& file, optim::AdamW& optimizer, const nn::Module& model,
                          const models::QwenConfig& config, models::Naming naming) {
  const auto stored = models::SafetensorsFile::open(file);
  const WholeMoments whole = moments_to_fill(optimizer);
  const auto moments = moment_tensors(whole, optimizer, model, config, naming);
  for (const auto& t : moments)
    if (const auto& found = stored.at(t.name); found.shape != t.rows.shape())
      throw CheckpointError("{}: tensor '{}' has shape {}, the model wants {}", file.string(), t.name,
                            to_string(found.shape), to_string(t.rows.shape()));
  for (const auto& t : moments) stored.read_into(t.name, t.rows);
  scatter_moments(whole, optimizer);
}

}  // namespace genesis::trainer
