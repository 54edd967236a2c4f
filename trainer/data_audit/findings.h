#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset/sample_store.h"
#include "data/dataset/sft_summary.h"
#include "trainer/config/choices.h"

namespace genesis::trainer {

/// One kind of thing in a dataset that a person should know of before a run.
struct Finding {
  std::string dataset;  ///< "dataset" or "eval_dataset"
  std::string kind;     ///< "duplicates", "truncated", "role_order", …
  int64_t count = 0;
  std::string text;                 ///< what it means, in a few words
  std::vector<std::string> places;  ///< the first of them

  /// "dataset: 12 duplicates: equal to an earlier sample, token for token"
  std::string line() const;
};

/// What of a summary is a finding: bad records by kind, truncated, dropped and duplicate samples, markup
/// written in contents. A clean dataset has none.
std::vector<Finding> findings_of(const std::string& dataset, const data::SftSummary& summary);

/// The finding of evaluation samples that are also trained on; nothing when there is none.
std::vector<Finding> leakage_of(const data::SampleStore& train, const data::SampleStore& eval);

/// One line on what the summary holds.
std::string audit_line(const std::string& dataset, const data::SftSummary& summary);

/// Says the findings on stderr (rank 0), and stops a strict run that has some.
/// Errors: DataError with the findings under AuditPolicy::strict.
void act_on(AuditPolicy policy, const std::vector<Finding>& findings);

}  // namespace genesis::trainer
