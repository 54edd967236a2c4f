#pragma once
#include <memory>
#include <string>
#include <vector>

#include "data/packing/sample_rows.h"
#include "data/shards/shard_store.h"
#include "data/tokenizer/tokenizer.h"
#include "trainer/config/train_config.h"
#include "trainer/data_audit/findings.h"

namespace genesis::trainer {

/// One audited dataset: what it holds, and its rows as training would see them.
struct AuditedDataset {
  std::string key;  ///< "dataset" or "eval_dataset"
  data::SftSummary summary;
  std::shared_ptr<const data::SampleStore> samples;  ///< null when no record is usable
  data::SampleRows rows;
};

/// Everything an audit found. The tokenised samples lie in a folder of their own that goes with the report.
struct AuditReport {
  data::Tokenizer tokenizer;
  int64_t max_seq_len = 0;
  bool packing = false;
  std::vector<AuditedDataset> datasets;
  std::vector<Finding> findings;
  std::shared_ptr<void> folder;
};

/// Reads all of `dataset` and `eval_dataset` of a config, past every bad record, and counts.
/// Errors: ConfigError for keys that are missing; DataError for a file that cannot be read at all.
AuditReport audit_data(const TrainConfig& config);

/// For people: counts, findings with their first places, a histogram of lengths, and the first `samples` rows
/// with the tokens that carry loss in colour (or between ⟦ and ⟧ where there is none).
std::string report_text(const AuditReport& report, int64_t samples, bool colour);

/// The same as one HTML page that needs no other file.
std::string report_html(const AuditReport& report, int64_t samples);

/// Row `row` as {"input_ids": [...], "labels": [...], "position_ids": [...], "document_ids": [...]}. Labels
/// are not shifted: labels[t] is input_ids[t] where that token carries loss, and -100 elsewhere. Where a
/// weight is not 1, "loss_weights": [...] as well.
std::string row_json(const AuditedDataset& dataset, int64_t row);

}  // namespace genesis::trainer
