#include "trainer/metrics/memory_json.h"

#include <string>

namespace genesis::trainer {

nlohmann::ordered_json memory_json(const MemoryStats& memory) {
  nlohmann::ordered_json json;
  for (int i = 0; i < kMemoryCategories; ++i)
    json[std::string(name_of(static_cast<MemoryCategory>(i)))] = memory.peak[static_cast<size_t>(i)];
  json["total"] = memory.peak_total;
  json["reserved"] = memory.reserved;
  return json;
}

}  // namespace genesis::trainer
