#pragma once
#include <fmt/core.h>

#include "kernels/core/error.h"

namespace genesis::trainer {

/// A checkpoint that is whole but not for this program or run: a newer format, another model. Falling back to
/// an older one would hide the mistake, so a resume stops here.
class CheckpointRefused : public CheckpointError {
 public:
  using CheckpointError::CheckpointError;
};

}  // namespace genesis::trainer
