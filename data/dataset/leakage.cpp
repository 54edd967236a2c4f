#include "data/dataset/leakage.h"

#include <algorithm>

namespace genesis::data {

std::vector<int64_t> leaked_samples(const SampleStore& train, const SampleStore& eval) {
  std::vector<SampleDigest> known(static_cast<size_t>(train.size()));
  for (size_t i = 0; i < known.size(); ++i) known[i] = train.entry(int64_t(i)).digest;
  std::sort(known.begin(), known.end());
  std::vector<int64_t> leaked;
  for (int64_t i = 0; i < eval.size(); ++i)
    if (std::binary_search(known.begin(), known.end(), eval.entry(i).digest)) leaked.push_back(i);
  return leaked;
}

}  // namespace genesis::data
