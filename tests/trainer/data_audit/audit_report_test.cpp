#include "trainer/data_audit/audit_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/error_message.h"
#include "tests/support/program_run.h"
#include "tests/support/tiny_run.h"

namespace genesis::trainer {
namespace {

using genesis::testing::run_genesis;
using genesis::testing::TinyRun;

std::string pair(const std::string& prompt, const std::string& answer) {
  return nlohmann::json{{"prompt", prompt}, {"completion", answer}}.dump() + "\n";
}

/// A config file over a chat file with one of each finding.
class DataAudit : public ::testing::Test {
 protected:
  DataAudit() {
    const std::string good = pair("What is 1 and 1?", "It is 2.");
    run_.folder().write("bad.jsonl", good + good + pair("Say <|im_start|>system", "No.") + "{broken\n" +
                                         pair("Long: " + std::string(3000, 'x'), "end") +
                                         "{\"prompt\": \"\xFF\"}\n" + pair("", "empty") +
                                         pair("Only here.", "Yes."));
    run_.folder().write("clean.jsonl", pair("A?", "B.") + pair("C?", "D, and more of it."));
    run_.folder().write("leak.jsonl", pair("Only here.", "Yes.") + pair("New.", "Yes."));
  }
  std::string config(const std::string& dataset, const std::string& more = "") {
    return run_.folder()
        .write("c.yaml", fmt::format("tokenizer: {}\ndataset: {}\nmax_seq_len: 256\ntruncation: drop\n{}",
                                     (run_ / "qwen.tiktoken").string(), (run_ / dataset).string(), more))
        .string();
  }
  TinyRun run_;
};

TEST_F(DataAudit, CountsEveryKindAndSaysWhere) {
  const auto run =
      run_genesis({"data", "audit", config("bad.jsonl", "eval_dataset: " + (run_ / "leak.jsonl").string())});
  EXPECT_EQ(run.code, 0) << run.err;
  for (const char* text :
       {"dataset: 4 samples", "records 8, bad 3", "1 syntax: records that are not JSON", "bad.jsonl:4:2",
        "1 encoding", "bad.jsonl:6:13", "1 empty", "bad.jsonl:7:", "1 dropped_too_long", "1 duplicates",
        "1 special_text", "bad.jsonl:3:1: <|im_start|> in a content", "eval_dataset: 1 leaked",
        "evaluation sample 0", "\u27e6It is 2.<|im_end|>\u27e7", "tokens a record:", "> 256"})
    EXPECT_NE(run.out.find(text), std::string::npos) << text << "\n" << run.out;
}

TEST_F(DataAudit, StrictFailsByRuleAndACleanDatasetPasses) {
  EXPECT_EQ(run_genesis({"data", "audit", config("bad.jsonl"), "audit=strict"}).code, int(ExitCode::data));
  const auto clean = run_genesis({"data", "audit", config("clean.jsonl"), "audit=strict"});
  EXPECT_EQ(clean.code, 0) << clean.err;
  EXPECT_NE(clean.out.find("no findings"), std::string::npos);
}

TEST_F(DataAudit, ShowsWeights) {
  run_.folder().write("weighted.jsonl",
                      "{\"messages\": [{\"role\": \"user\", \"content\": \"Q\"}, "
                      "{\"role\": \"assistant\", \"content\": \"A.\", \"weight\": 0.5}]}\n");
  const auto text = run_genesis({"data", "audit", config("weighted.jsonl")});
  EXPECT_NE(text.out.find("\u27e6A.<|im_end|>\u27e7\u00d70.5"), std::string::npos) << text.out;
  const auto row =
      nlohmann::json::parse(run_genesis({"data", "audit", config("weighted.jsonl"), "--json"}).out);
  for (size_t t = 0; t < row["labels"].size(); ++t)
    EXPECT_EQ(double(row["loss_weights"][t]), row["labels"][t] == -100 ? 0 : 0.5);
}

TEST_F(DataAudit, WritesRowsForPrograms) {
  for (const bool packing : {false, true}) {
    const auto run =
        run_genesis({"data", "audit", config("clean.jsonl", packing ? "packing: true" : ""), "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    std::istringstream lines(run.out);
    std::vector<nlohmann::json> rows;
    for (std::string line; std::getline(lines, line);) rows.push_back(nlohmann::json::parse(line));
    ASSERT_EQ(rows.size(), packing ? 1u : 2u);
    for (const auto& row : rows) {
      const auto ids = row["input_ids"], labels = row["labels"], positions = row["position_ids"];
      ASSERT_EQ(ids.size(), labels.size());
      int64_t supervised = 0;
      for (size_t t = 0; t < ids.size(); ++t) {
        if (labels[t] != -100) {
          EXPECT_EQ(labels[t], ids[t]);
        }
        supervised += labels[t] != -100;
        const bool goes_on = t > 0 && row["document_ids"][t] == row["document_ids"][t - 1];
        EXPECT_EQ(positions[t], goes_on ? int(positions[t - 1]) + 1 : 0);
      }
      EXPECT_GT(supervised, 0);
    }
    EXPECT_EQ(rows[0]["document_ids"].back(), packing ? 1 : 0);
  }
  EXPECT_EQ(run_genesis({"data", "audit", config("clean.jsonl"), "--json", "--rows", "1"}).out.find('\n'),
            run_genesis({"data", "audit", config("clean.jsonl"), "--json", "--rows=1"}).out.size() - 1);
}

TEST_F(DataAudit, WritesOnePageThatNeedsNothingElse) {
  const auto page = run_ / "report.html";
  ASSERT_EQ(run_genesis({"data", "audit", config("bad.jsonl"), "--html", page.string()}).code, 0);
  std::ifstream file(page);
  const std::string html((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const char* text : {"<!doctype html>", "<svg", "<rect", "1 duplicates",
                           "<b>It is 2.&lt;|im_end|&gt;</b>", "Say &lt;|im_start|&gt;system"})
    EXPECT_NE(html.find(text), std::string::npos) << text;
  for (const char* text : {"src=", "href=", "http", "<script"})
    EXPECT_EQ(html.find(text), std::string::npos) << text;
}

TEST_F(DataAudit, TrainingSaysItFirstAndAStrictRunStops) {
  TrainConfig c = run_.config("out");
  run_.folder().write("twice.jsonl", pair("A?", "B.") + pair("A?", "B.") + pair("C?", "D."));
  c.dataset = {(run_ / "twice.jsonl").string()};
  c.max_steps = 1;
  ::testing::internal::CaptureStderr();
  run_.train(c);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("audit: dataset: 3 samples, 6 turns"), std::string::npos) << said;
  EXPECT_NE(said.find("warning: dataset: 1 duplicates"), std::string::npos) << said;
  c = run_.config("strict");
  c.dataset = {(run_ / "twice.jsonl").string()};
  c.audit = AuditPolicy::strict;
  EXPECT_NE(genesis::testing::message_of<Error>([&] { run_.train(c); }).find("1 duplicates"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
