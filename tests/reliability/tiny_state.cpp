#include "tests/reliability/tiny_state.h"

#include "data/dataset/sha256.h"
#include "trainer/checkpoint/held_state.h"

namespace genesis::reliability {
namespace {

std::vector<trainer::HeldTensor> held(const trainer::CheckpointParts& parts) {
  return trainer::held_state(parts.model, parts.optimizer, parts.config, models::naming_of(parts.config));
}

uint64_t mixed(uint64_t h) {  // SplitMix64's finaliser
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
  return h ^ (h >> 31);
}

models::QwenConfig small_config(const TinyState::Size& size) {
  models::QwenConfig c;
  c.vocab_size = size.vocabulary;
  c.n_layer = size.layers;
  c.n_head = 2;
  c.n_embd = size.width;
  c.intermediate_size = size.mlp;
  c.max_seq_len = 32;
  c.dropout = 0;
  return c;
}

}  // namespace

TinyState::TinyState(const Size& size)
    : config_(small_config(size)),
      model_(std::make_unique<models::QwenModel>(config_)),
      optimizer_(std::make_unique<optim::AdamW>(model_->parameters())),
      ranks_(parallel::solo_communicator()) {
  fill(0);
}

void TinyState::fill(uint64_t seed) {
  uint64_t word = seed << 40;
  for (const auto& tensor : held(parts()))
    for (const auto& part : tensor.parts)
      for (int64_t i = 0; i < part.values.plain().numel(); ++i)
        static_cast<float*>(part.values.plain().raw())[i] = float(mixed(++word) >> 40) * 0x1p-24f - 0.5f;
  optimizer_->set_steps(int64_t(seed));
}

std::string TinyState::digest() const {
  data::Sha256 sha;
  for (const auto& tensor : held(const_cast<TinyState*>(this)->parts())) {
    sha.add_field(tensor.name);
    for (const auto& part : tensor.parts) sha.add(part.values.plain().raw(), size_t(part.values.plain().nbytes()));
  }
  return sha.hex();
}

int64_t TinyState::bytes() const {
  int64_t sum = 0;
  for (const auto& tensor : held(const_cast<TinyState*>(this)->parts())) sum += numel_of(tensor.shape) * 4;
  return sum;
}

void TinyState::save(const std::filesystem::path& output_dir, int64_t step) {
  std::filesystem::create_directories(output_dir);
  auto s = saver({.output_dir = output_dir, .keep = 0, .background = false});
  s.save_now(at_step(step));
}

std::optional<int64_t> TinyState::load(const std::filesystem::path& output_dir, bool strict,
                                       const std::string& from) {
  const auto resumed = trainer::resume_checkpoint({output_dir, from, strict}, parts(), *ranks_);
  if (!resumed.state) return std::nullopt;
  return resumed.state->step;
}

trainer::TrainState at_step(int64_t step) {
  trainer::TrainState state;
  state.step = step;
  state.dataset_digest = "tiny";
  return state;
}

}  // namespace genesis::reliability
