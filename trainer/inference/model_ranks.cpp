#include "trainer/inference/model_ranks.h"

#include <iostream>

#include "trainer/checkpoint/rank_texts.h"

namespace genesis::trainer {

std::ostream& ModelRanks::out() { return is_first() ? std::cout : nowhere_; }

std::string ModelRanks::of_first(const std::string& own) {
  return are_many() ? broadcast_text(own, all()) : own;
}

int64_t ModelRanks::of_first(int64_t own) {
  if (!are_many()) return own;
  const Array value = Array::from<int64_t>({own}, {1});
  all().broadcast(value, 0);
  return *value.data<int64_t>();
}

}  // namespace genesis::trainer
