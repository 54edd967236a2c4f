#pragma once
#include <string>
#include <vector>

#include "data/dataset/sft_dataset.h"
#include "data/formats/conversation_reader.h"
#include "tests/support/byte_encoder.h"
#include "tests/support/temp_folder.h"

namespace genesis::testing {

/// A line that is no usable record.
struct Malformed {
  std::string line;
  int column;          ///< where it is named
  std::string reason;  ///< the beginning of the message
  data::Fault fault;   ///< what it is counted as
};

inline const std::string kGoodLine =
    R"({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]})";

inline std::string malformed_turns(const std::string& inside) { return R"({"messages": [)" + inside + "]}"; }
inline const std::string kUserTurn = R"({"role": "user", "content": "Q"})";
inline const std::string kAnswerTurn = R"({"role": "assistant", "content": "A"})";

/// One of each kind.
inline std::vector<Malformed> malformed_lines() {
  using enum data::Fault;
  return {
      // not JSON
      {"x", 1, "a record must be a JSON object", syntax},
      {"[]", 1, "a record must be a JSON object", syntax},
      {"\"text\"", 1, "a record must be a JSON object", syntax},
      {"12", 1, "a record must be a JSON object", syntax},
      {"null", 1, "a record must be a JSON object", syntax},
      {"}", 1, "a record must be a JSON object", syntax},
      {"# comment", 1, "a record must be a JSON object", syntax},
      {"{", 2, "cut off inside the record that begins at 2:1", syntax},
      {"{\"messages\"", 12, "cut off inside", syntax},
      {"{\"messages\":", 13, "cut off inside", syntax},
      {"{\"messages\": [", 15, "cut off inside", syntax},
      {"{\"messages\": \"abc", 18, "cut off inside", syntax},
      {"{\"messages\": []", 16, "cut off inside", syntax},
      {"{\"messages\": [}", 15, "bad JSON", syntax},
      {"{\"messages\" []}", 13, "bad JSON", syntax},
      {"{messages: []}", 2, "bad JSON", syntax},
      {"{'messages': []}", 2, "bad JSON", syntax},
      {"{\"messages\": [],}", 17, "bad JSON", syntax},
      {"{\"messages\": [1,]}", 17, "bad JSON", syntax},
      {"{,\"messages\": []}", 2, "bad JSON", syntax},
      {"{\"messages\": undefined}", 14, "bad JSON", syntax},
      {"{\"messages\": NaN}", 14, "bad JSON", syntax},
      {"{\"messages\": tru}", 17, "bad JSON", syntax},
      {"{\"messages\": True}", 14, "bad JSON", syntax},
      {"{\"messages\": 01}", 15, "bad JSON", syntax},
      {"{\"messages\": +1}", 14, "bad JSON", syntax},
      {"{\"messages\": 1e}", 16, "bad JSON", syntax},
      {"{\"messages\": 1e999}", 19, "bad JSON: number overflow", syntax},
      {"{\"messages\": \"a\tb\"}", 16, "bad JSON", syntax},
      {"{\"messages\": \"\\x\"}", 16, "bad JSON", syntax},
      {"{\"messages\": \"\\u12g4\"}", 19, "bad JSON", syntax},
      {kGoodLine + " x", int(kGoodLine.size()) + 2, "bad JSON: text after the record", syntax},
      {kGoodLine + kGoodLine, int(kGoodLine.size()) + 1, "bad JSON: text after the record", syntax},
      {kGoodLine + ",", int(kGoodLine.size()) + 1, "bad JSON: text after the record", syntax},
      {std::string("{\"a\0b\": 1}", 10), 4, "a NUL byte", syntax},
      // not UTF-8
      {"{\"messages\": \"\xFF\"}", 15, "bad JSON", encoding},
      {"{\"messages\": \"\xC3\"}", 16, "bad JSON", encoding},
      {"{\"messages\": \"\xC0\x80\"}", 15, "bad JSON", encoding},
      {"{\"messages\": \"\xED\xA0\x80\"}", 15, "bad JSON", encoding},
      {"{\"messages\": \"\xF5\x80\x80\x80\"}", 15, "bad JSON", encoding},
      {"{\"messages\": \"\\ud800\"}", 21, "bad JSON", encoding},
      {"{\"messages\": \"\\udc00\"}", 20, "bad JSON", encoding},
      {"{\"messages\": \"\\ud800\\u0041\"}", 26, "bad JSON", encoding},
      // too much
      {"{\"x\": " + std::string(100000, '['), 134, "nested deeper than 128", too_large},
      {"{\"x\": " +
           [] {
             std::string s;
             for (int i = 0; i < 200; ++i) s += "{\"a\": ";
             return s;
           }(),
       769, "nested deeper than 128", too_large},
      {"{\"x\": \"" + std::string(size_t(data::kMostRecordBytes), 'a') + "\"}",
       int(data::kMostRecordBytes) + 1, "the record has more than 64 MiB", too_large},
      // not the format
      {"{}", 1, "has no \"messages\"", format},
      {R"({"conversations": []})", 1, "has no \"messages\"", format},
      {R"({"messages": null})", 14, "\"messages\" is null", format},
      {R"({"messages": "x"})", 14, "\"messages\" is a string", format},
      {R"({"messages": {}})", 14, "\"messages\" is an object", format},
      {R"({"messages": [], "messages": []})", 18, "key \"messages\" is given twice", format},
      {malformed_turns("7"), 15, "\"turn 1\" is a number", format},
      {malformed_turns("[]"), 15, "\"turn 1\" is a list", format},
      {malformed_turns(R"({"content": "Q"})"), 15, "has no \"role\"", format},
      {malformed_turns(R"({"role": "user"})"), 15, "has no \"content\"", format},
      {malformed_turns(R"({"role": 1, "content": "Q"})"), 24, "\"role\" is a number", format},
      {malformed_turns(R"({"role": "user", "content": null})"), 43, "\"content\" is null", format},
      {malformed_turns(R"({"role": "user", "content": ["Q"]})"), 43, "\"content\" is a list", format},
      {malformed_turns(kUserTurn + R"(, {"role": "assistant", "content": "A", "train": 1})"), 96,
       "\"train\" is a number", format},
      {malformed_turns(kUserTurn + R"(, {"role": "assistant", "content": "A", "weight": -2})"), 97,
       "\"weight\" is -2, but must be 0 or from", format},
      {malformed_turns(kUserTurn + R"(, {"role": "assistant", "content": "A", "weight": 1e6})"), 97,
       "\"weight\" is 1000000, but must be 0 or from", format},
      {malformed_turns(kUserTurn + R"(, {"role": "assistant", "content": "A", "weight": "1"})"), 97,
       "\"weight\" is a string", format},
      {malformed_turns(kUserTurn + R"(, {"role": "assistant", "content": "A", "weight": 2, "train": false})"),
       97, "\"weight\" contradicts \"train\"", format},
      // roles
      {malformed_turns(R"({"role": "tool", "content": "Q"})"), 24, "role \"tool\" is unknown", role_order},
      {malformed_turns(R"({"role": "", "content": "Q"})"), 24, "role \"\" is unknown", role_order},
      {malformed_turns(kUserTurn + ", " + kUserTurn), 77, "two user turns follow each other (turns 1 and 2)",
       role_order},
      {malformed_turns(kUserTurn + ", " + kAnswerTurn + ", " + kAnswerTurn), 121,
       "two assistant turns follow each other", role_order},
      {malformed_turns(kUserTurn + R"(, {"role": "system", "content": "S"})"), 58,
       "a system turn must be the first", role_order},
      {R"({"system": "S", "messages": [{"role": "system", "content": "T"}]})", 39,
       "the system text is given twice", role_order},
      // nothing in it
      {malformed_turns(""), 14, "\"messages\" is empty", empty},
      {malformed_turns(R"({"role": "user", "content": ""})"), 43, "the text of the user turn is empty",
       empty},
      {malformed_turns(kUserTurn + R"(, {"role": "assistant", "content": ""})"), 82,
       "the text of the assistant turn is empty", empty},
      {malformed_turns(kUserTurn), 1, "the record has no assistant turn", nothing_to_learn},
      {malformed_turns(kUserTurn + R"(, {"role": "assistant", "content": "A", "train": false})"), 1,
       "every token of the record is masked", nothing_to_learn},
      {malformed_turns(kAnswerTurn + ", " + kUserTurn), 1,
       "the record has no assistant turn after a user turn", nothing_to_learn},
      {malformed_turns(R"({"role": "user", "content": ")" + std::string(9000, 'Q') + "\"}, " + kAnswerTurn),
       1, "the record has 9", too_long}};
}

/// What a malformed line as line 2 of three makes of a dataset: "" when it is as it must be. With `stop` the
/// error says place and reason; with `skip` the line is counted under its fault and the records around it are
/// kept.
inline std::string problem_with(const Malformed& kind) {
  const TempFolder folder;
  const data::ChatFormat chat(byte_encoder(), data::chat_template("qwen"));
  const std::filesystem::path files[] = {
      folder.write("d.jsonl", kGoodLine + "\n" + kind.line + "\n" + kGoodLine + "\n")};
  data::SftOptions options;
  options.max_seq_len = 8000;
  options.truncation = data::Truncation::error;
  std::string message = "no error";
  try {
    data::SftDataset::load(files, chat, options);
  } catch (const DataError& e) {
    message = e.what();
  }
  const std::string expected = fmt::format("d.jsonl:2:{}: {}", kind.column, kind.reason);
  if (message.find(expected) == std::string::npos) return "message " + message + "\nexpected " + expected;
  options.on_bad_record = data::OnBadRecord::skip;
  const auto set = data::SftDataset::load(files, chat, options);
  const auto& summary = set.summary();
  if (set.samples().size() != 2 || summary.records != 3) return "skip lost the records around it";
  if (summary.bad() != 1 || summary.faults[size_t(kind.fault)] != 1) return "skip counted it wrongly";
  const auto example = summary.examples.find(std::string(name_of(kind.fault)));
  if (example == summary.examples.end() || example->second[0].find("d.jsonl:2:") == std::string::npos)
    return "skip shows no example with its place";
  return "";
}

}  // namespace genesis::testing
