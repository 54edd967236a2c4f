#include "tests/fuzz/target.h"

#include "kernels/core/error.h"

namespace genesis::fuzz {

std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

void run_once(const Target& target, std::string_view input) {
  try {
    target.run(input);
  } catch (const Error&) {
  }
}

}  // namespace genesis::fuzz
