#include "trainer/commands/version.h"

#include <fmt/core.h>

namespace genesis::trainer {

std::string version_line() {
#ifdef GENESIS_HAS_CUDA
  constexpr const char* back_ends = "cpu, cuda";
#else
  constexpr const char* back_ends = "cpu";
#endif
  return fmt::format("genesis {} ({})", GENESIS_VERSION, back_ends);
}

}  // namespace genesis::trainer
