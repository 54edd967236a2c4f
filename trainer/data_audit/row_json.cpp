#include <fmt/format.h>

#include <iterator>

#include "trainer/data_audit/audit_report.h"

namespace genesis::trainer {

std::string row_json(const AuditedDataset& dataset, int64_t row) {
  fmt::memory_buffer ids, labels, positions, documents, weights;
  const auto append = [](fmt::memory_buffer& to, auto value) {
    fmt::format_to(std::back_inserter(to), "{}{}", to.size() ? ", " : "", value);
  };
  int64_t document = 0;
  bool weighted = false;
  for (const int64_t s : dataset.rows.samples(row)) {
    const data::SampleView sample = dataset.samples->sample(s);
    for (size_t t = 0; t < sample.ids.size(); ++t) {
      append(ids, sample.ids[t]);
      append(labels, sample.label(t));
      append(positions, int64_t(t));
      append(documents, document);
      append(weights, sample.weight(t));
      weighted |= sample.supervised[t] > 1;
    }
    ++document;
  }
  return fmt::format(
      "{{\"input_ids\": [{}], \"labels\": [{}], \"position_ids\": [{}], \"document_ids\": [{}]{}}}",
      fmt::to_string(ids), fmt::to_string(labels), fmt::to_string(positions), fmt::to_string(documents),
      weighted ? fmt::format(", \"loss_weights\": [{}]", fmt::to_string(weights)) : "");
}

}  // namespace genesis::trainer
