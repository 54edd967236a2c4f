#include "trainer/config/train_config.h"

namespace genesis::trainer {

std::string TrainConfig::about(const std::string& key) const {
  const auto found = origins.where.find(key);
  const std::string name = "key '" + key + "'";
  return found == origins.where.end() ? name : found->second + ": " + name;
}

}  // namespace genesis::trainer
