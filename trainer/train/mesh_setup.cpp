#include "trainer/train/mesh_setup.h"

#include "models/config/tensor_split.h"

namespace genesis::trainer {
namespace {

constexpr int kChunks = 4;
constexpr int64_t kCardChunkRows = 2048, kHostChunkRows = 256;  // products of fewer rows get slower

/// Runs a check of a layer below and says which key, and where it stands, it is about.
template <class Check>
auto with_origin(const TrainConfig& config, const char* key, Check&& check) {
  try {
    return check();
  } catch (const ConfigError& e) {
    const auto place = config.origins.where.find(key);
    if (place == config.origins.where.end()) throw;
    throw ConfigError("{}: {}", place->second, e.what());
  }
}

}  // namespace

parallel::MeshLayout mesh_layout(const TrainConfig& config, const models::QwenConfig& model, int ranks) {
  const int tp = int(config.tensor_parallel_size);
  with_origin(config, "tensor_parallel_size", [&] {
    parallel::MeshLayout::parse_order("", ranks, tp);
    models::check_tensor_split(model, tp);
  });
  return with_origin(config, "mesh_order", [&] {
    return parallel::MeshLayout{tp, parallel::MeshLayout::parse_order(config.mesh_order, ranks, tp)};
  });
}

parallel::RowOverlap row_overlap(int64_t asked, Device device, bool on_one_host) {
  if (asked >= 0) return {.chunks = int(asked)};
  if (device == Device::cpu && on_one_host) return {.chunks = 1};
  return {.chunks = kChunks, .chunk_rows = device == Device::cpu ? kHostChunkRows : kCardChunkRows};
}

std::string describe(const parallel::Mesh& mesh, bool sequence_parallel) {
  if (mesh.tp().size() == 1) return fmt::format("{} ranks", mesh.dp().size());
  return fmt::format("{} x {} ranks (data x tensor parallel{})", mesh.dp().size(), mesh.tp().size(),
                     sequence_parallel ? ", sequence parallel" : "");
}

}  // namespace genesis::trainer
