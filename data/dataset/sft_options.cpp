#include "data/dataset/sft_options.h"

namespace genesis::data {

std::string_view name_of(Truncation truncation) {
  constexpr std::string_view names[] = {"error", "drop", "right", "turn"};
  return names[size_t(truncation)];
}

std::string_view name_of(OnBadRecord policy) { return policy == OnBadRecord::stop ? "stop" : "skip"; }

Truncation truncation_from(std::string_view word) {
  if (word == "truncate") return Truncation::right;
  for (Truncation t : {Truncation::error, Truncation::drop, Truncation::right, Truncation::turn})
    if (word == name_of(t)) return t;
  throw ConfigError("truncation '{}' is unknown; known are error, drop, right, turn", word);
}

std::string SftOptions::settings() const {
  return fmt::format("{} {} {} {} {} {}", name_of(loss_on), max_seq_len, name_of(truncation),
                     format ? name_of(*format) : "auto", parse_special, name_of(on_bad_record));
}

}  // namespace genesis::data
