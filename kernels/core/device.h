#pragma once
#include <cstdint>
#include <string_view>

namespace genesis {

enum class Device : uint8_t { cpu, cuda };

/// Where parameters made by this thread live: the CPU unless a DeviceScope says otherwise.
inline thread_local Device default_device = Device::cpu;

/// Parameters of this thread are made on another device while it lives.
class DeviceScope {
 public:
  explicit DeviceScope(Device device) : previous_(default_device) { default_device = device; }
  ~DeviceScope() { default_device = previous_; }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  Device previous_;
};

constexpr std::string_view name_of(Device d) { return d == Device::cpu ? "cpu" : "cuda"; }

}  // namespace genesis
