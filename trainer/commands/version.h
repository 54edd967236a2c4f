#pragma once
#include <string>

namespace genesis::trainer {

/// "genesis 0.1.0 (cpu)": the release and the back ends it was built with.
std::string version_line();

}  // namespace genesis::trainer
