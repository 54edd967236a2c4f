#pragma once
#include <string>

#include "kernels/core/device.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// What `device` comes to on this machine: cuda makes the card ready; auto takes it where there is one this
/// build can use, and says in one line why not otherwise. Errors: ConfigError for cuda without a usable card,
/// saying what was found.
Device find_device(const TrainConfig& config);

/// The same for a command's `--device auto | cpu | cuda`.
/// Errors: ConfigError for another word, and for cuda without a usable card.
Device device_of_word(const std::string& word);

}  // namespace genesis::trainer
