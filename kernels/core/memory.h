#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "kernels/core/device.h"

namespace genesis {

/// What bytes are held for. The allocator keeps current and peak bytes of each.
enum class MemoryCategory : uint8_t { parameters, gradients, optimizer, activations, workspace };
inline constexpr int kMemoryCategories = 5;

constexpr std::string_view name_of(MemoryCategory c) {
  constexpr std::string_view names[] = {"parameters", "gradients", "optimizer", "activations", "workspace"};
  return names[static_cast<int>(c)];
}

/// Allocations of this thread count under `category` until the scope ends. The default is `activations`.
class MemoryScope {
 public:
  explicit MemoryScope(MemoryCategory category);
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

 private:
  MemoryCategory previous_;
};

MemoryCategory current_memory_category();

struct MemoryStats {
  std::array<int64_t, kMemoryCategories> current{};  ///< bytes held now
  std::array<int64_t, kMemoryCategories> peak{};     ///< bytes at each category's own peak
  int64_t current_total = 0;
  int64_t peak_total = 0;  ///< bytes at the moment the sum was largest
  int64_t reserved = 0;    ///< bytes asked from the system, cached blocks included
};

/// The bytes of one device: the machine's memory, or the card's.
MemoryStats memory_stats(Device device = Device::cpu);
/// Counts bytes that do not come from the allocator (a mapping shared with other processes); negative when
/// they go.
void count_outside_bytes(MemoryCategory category, int64_t bytes);
void reset_peak_memory();

}  // namespace genesis
