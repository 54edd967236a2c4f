#pragma once
#include <nlohmann/json.hpp>

#include "kernels/core/memory.h"

namespace genesis::trainer {

/// Peak bytes of each category, of their sum (`total`), and what was taken from the system (`reserved`).
nlohmann::ordered_json memory_json(const MemoryStats& memory);

}  // namespace genesis::trainer
