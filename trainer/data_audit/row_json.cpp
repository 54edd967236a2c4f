#include <fmt/format.h>

#include <iterator>

#include "trainer/data_audit/audit_report.h"

namespace genesis::trainer {

std::string row_json(const AuditedDataset& dataset, int64_t row) {
  fmt::memory_buffer ids, labels, positions, documents;
  const auto append = [](fmt::memory_buffer& to, int64_t value) {
    fmt::format_to(std::back_inserter(to), "{}{}", to.size() ? ", " : "", value);
  };
  int64_t document = 0;
  for (const int64_t s : dataset.rows.samples(row)) {
    const data::SampleView sample = dataset.samples->sample(s);
    for (size_t t = 0; t < sample.ids.size(); ++t) {
      append(ids, sample.ids[t]);
      append(labels, sample.label(t));
      append(positions, int64_t(t));
      append(documents, document);
    }
    ++document;
  }
  return fmt::format(
      "{{\"input_ids\": [{}], \"labels\": [{}], \"position_ids\": [{}], \"document_ids\": [{}]}}",
      fmt::to_string(ids), fmt::to_string(labels), fmt::to_string(positions), fmt::to_string(documents));
}

}  // namespace genesis::trainer
