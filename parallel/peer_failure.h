#pragma once
#include "kernels/core/error.h"

namespace genesis::parallel {

/// Another rank ended, so this one cannot go on. The other rank's own error is the one to show.
class PeerFailure : public Error {
 public:
  using Error::Error;
};

}  // namespace genesis::parallel
