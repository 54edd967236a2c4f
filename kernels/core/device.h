#pragma once
#include <cstdint>
#include <string_view>

namespace genesis {

enum class Device : uint8_t { cpu, cuda };

constexpr std::string_view name_of(Device d) { return d == Device::cpu ? "cpu" : "cuda"; }

}  // namespace genesis
