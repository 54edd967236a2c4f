#include "trainer/data_audit/findings.h"

#include <fmt/core.h>

#include <algorithm>

#include "data/dataset/leakage.h"
#include "kernels/core/log.h"
#include "trainer/progress/progress_text.h"

namespace genesis::trainer {
namespace {

std::string_view meaning_of(data::Fault fault) {
  using data::Fault;
  switch (fault) {
    case Fault::syntax:
      return "records that are not JSON";
    case Fault::encoding:
      return "records that are not UTF-8";
    case Fault::too_large:
      return "records with too many bytes or levels";
    case Fault::format:
      return "records without the keys of their format";
    case Fault::role_order:
      return "records with an unknown role or a role out of turn";
    case Fault::empty:
      return "records with an empty text";
    case Fault::nothing_to_learn:
      return "records whose every token is masked";
    case Fault::too_long:
      break;
  }
  return "records longer than max_seq_len";
}

}  // namespace

std::string Finding::line() const { return fmt::format("{}: {} {}: {}", dataset, count, kind, text); }

std::vector<Finding> findings_of(const std::string& dataset, const data::SftSummary& s) {
  std::vector<Finding> found;
  const auto add = [&](std::string_view kind, int64_t count, std::string_view text) {
    if (count == 0) return;
    const auto places = s.examples.find(std::string(kind));
    found.push_back({dataset, std::string(kind), count, std::string(text),
                     places == s.examples.end() ? std::vector<std::string>() : places->second});
  };
  for (size_t f = 0; f < data::kFaults; ++f)
    add(name_of(data::Fault(f)), s.faults[f], meaning_of(data::Fault(f)));
  add("truncated", s.truncated, fmt::format("cut to max_seq_len, {} tokens lost", s.tokens_cut));
  add("dropped_too_long", s.dropped_too_long, "left out, longer than max_seq_len");
  add("dropped_unsupervised", s.dropped_unsupervised, "left out, cut before their first answer");
  add("duplicates", s.duplicates, "equal to an earlier sample, token for token");
  add("special_text", s.special_text, "records with chat markup written in a content");
  add("first_turns_left_out", s.first_turns_left_out, "leading answers that the template has no place for");
  return found;
}

std::vector<Finding> leakage_of(const data::SampleStore& train, const data::SampleStore& eval) {
  const auto leaked = data::leaked_samples(train, eval);
  if (leaked.empty()) return {};
  Finding f{"eval_dataset", "leaked", int64_t(leaked.size()), "also in the training data", {}};
  for (size_t i = 0; i < std::min<size_t>(5, leaked.size()); ++i)
    f.places.push_back(fmt::format("evaluation sample {}", leaked[i]));
  return {f};
}

std::string audit_line(const std::string& dataset, const data::SftSummary& s) {
  return fmt::format("{}: {} samples, {} turns, {} tokens, {:.1f} % with loss, longest {}", dataset,
                     s.samples, s.turns, count_text(double(s.tokens)), 100 * s.supervised_share(), s.longest);
}

void act_on(AuditPolicy policy, const std::vector<Finding>& findings) {
  if (policy == AuditPolicy::off || findings.empty()) return;
  std::string all;
  for (const Finding& f : findings) {
    all += (all.empty() ? "" : "; ") + f.line();
    warn("{}{}", f.line(), f.places.empty() ? "" : fmt::format(" (first: {})", f.places.front()));
  }
  if (policy == AuditPolicy::strict)
    throw DataError("the data audit is strict and has {} {}: {}", findings.size(),
                    findings.size() == 1 ? "finding" : "findings", all);
}

}  // namespace genesis::trainer
