// R18: lines of a dataset that are no usable records, one of each kind: each named by file, line and column,
// or skipped and counted; and what is skipped has a cap.
#include "tests/reliability/campaign.h"
#include "tests/support/malformed_lines.h"

namespace genesis::reliability {

Outcome run_R18(const Mode&) {
  Cases cases;
  const auto kinds = testing::malformed_lines();
  for (const testing::Malformed& kind : kinds) {
    const std::string problem = testing::problem_with(kind);
    cases.expect(problem.empty(), kind.line.substr(0, 60) + ": " + problem);
  }
  cases.expect(kinds.size() >= 60, "fewer than 60 kinds");
  const testing::TempFolder folder;
  const data::ChatFormat chat(testing::byte_encoder(), data::chat_template("qwen"));
  std::string text;
  for (int i = 0; i < 50; ++i) text += testing::kGoodLine + "\nbroken\n";
  const std::filesystem::path files[] = {folder.write("d.jsonl", text)};
  for (const int64_t cap : {50, 49}) {
    data::SftOptions options;
    options.on_bad_record = data::OnBadRecord::skip;
    options.max_bad_records = cap;
    bool stopped = false;
    try {
      data::SftDataset::load(files, chat, options);
    } catch (const DataError&) {
      stopped = true;
    }
    cases.expect(stopped == (cap < 50), fmt::format("50 bad records, at most {} allowed", cap));
  }
  return {cases.good(),
          fmt::format("{} kinds named by place and reason, skipped and counted; the cap holds{}",
                      kinds.size(), cases.failures())};
}

}  // namespace genesis::reliability
