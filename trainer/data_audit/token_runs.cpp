#include "trainer/data_audit/token_runs.h"

#include <fmt/format.h>

namespace genesis::trainer {

std::string TokenRun::weight_mark() const {
  return supervised && weight != 1 ? fmt::format("\u00d7{}", weight) : "";
}

std::vector<TokenRun> token_runs(const data::Tokenizer& tokenizer, const data::SampleView& sample) {
  std::vector<TokenRun> runs;
  const size_t n = sample.ids.size();
  for (size_t begin = 0, end = 0; begin < n; begin = end) {
    while (end < n && sample.supervised[end] == sample.supervised[begin]) ++end;
    runs.push_back({tokenizer.decode(sample.ids.subspan(begin, end - begin)), sample.supervised[begin] != 0,
                    sample.weight(begin)});
  }
  return runs;
}

}  // namespace genesis::trainer
