#include "kernels/core/allocation_fault.h"

#include <atomic>
#include <string>
#include <utility>

#include "kernels/core/error.h"

namespace genesis {
namespace {

std::function<bool(int64_t, MemoryCategory)> fault;
std::atomic<bool> has_fault{false};

}  // namespace

void set_allocation_fault(std::function<bool(int64_t, MemoryCategory)> fails) {
  has_fault = false;
  fault = std::move(fails);
  has_fault = bool(fault);
}

void check_allocation_fault(int64_t bytes, Device device) {
  if (has_fault && fault(bytes, current_memory_category())) throw_out_of_memory(bytes, device);
}

void throw_out_of_memory(int64_t bytes, Device device) {
  const MemoryStats stats = memory_stats();
  std::string used;
  for (int c = 0; c < kMemoryCategories; ++c)
    used += fmt::format("{}{} {} bytes", c ? ", " : "", name_of(MemoryCategory(c)), stats.current[size_t(c)]);
  throw Error(fmt::format("out of memory on {}: {} bytes asked for {}; in use: {}", name_of(device), bytes,
                          name_of(current_memory_category()), used));
}

}  // namespace genesis
