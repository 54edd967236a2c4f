#include "trainer/train/device.h"

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/log.h"
#include "kernels/core/run.h"

namespace genesis::trainer {

Device find_device(const TrainConfig& config) {
  if (config.device == DeviceChoice::cpu) return Device::cpu;
  const cuda::Probe& card = cuda::probe();
  if (config.device == DeviceChoice::cuda && !card.usable)
    throw ConfigError("{} is cuda, but there is no GPU to use: {}", config.about("device"), card.found);
  if (card.usable) {
    if (config.deterministic == Deterministic::full)
      throw ConfigError("{} is full, which the CPU alone can do; a GPU repeats a run at the same ranks bit for bit",
                        config.about("deterministic"));
    cuda::require();
    notice("device: {} ({:.0f} GB)", card.found, double(card.memory_bytes) / 1e9);
    return Device::cuda;
  }
  if (kernels::kHasCuda) notice("device: CPU ({})", card.found);
  return Device::cpu;
}

Device device_of_word(const std::string& word) {
  const cuda::Probe& card = cuda::probe();
  if (word == "cpu" || (word == "auto" && !card.usable)) return Device::cpu;
  if (word != "auto" && word != "cuda")
    throw ConfigError("device '{}' is unknown; known are auto, cpu, cuda", word);
  cuda::require();
  return Device::cuda;
}

}  // namespace genesis::trainer
