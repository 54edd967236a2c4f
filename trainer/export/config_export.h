#pragma once
#include <filesystem>

#include "kernels/core/dtype.h"

namespace genesis::trainer {

/// Gives the config.json written to `folder` the spelling and the further keys of the one it came from, where
/// that describes the same model in the same naming: what other programs keep there (token ids, versions,
/// code) is not lost. Of its values only the ones that name the weights' dtype follow `dtype`. Errors:
/// ConfigError of the source's file; DiskError.
void keep_config_keys(const std::filesystem::path& source, DType dtype, const std::filesystem::path& folder);

}  // namespace genesis::trainer
