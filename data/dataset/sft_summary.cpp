#include "data/dataset/sft_summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

namespace genesis::data {
namespace {

using Json = nlohmann::json;
constexpr int64_t kBuckets = 32;
constexpr size_t kExamples = 5;

/// The plain counts by name, for reading and writing alike.
constexpr std::pair<const char*, int64_t SftSummary::*> kCounts[] = {
    {"files", &SftSummary::files},
    {"records", &SftSummary::records},
    {"samples", &SftSummary::samples},
    {"turns", &SftSummary::turns},
    {"documents", &SftSummary::documents},
    {"tokens", &SftSummary::tokens},
    {"supervised_tokens", &SftSummary::supervised_tokens},
    {"longest", &SftSummary::longest},
    {"truncated", &SftSummary::truncated},
    {"tokens_cut", &SftSummary::tokens_cut},
    {"dropped_too_long", &SftSummary::dropped_too_long},
    {"dropped_unsupervised", &SftSummary::dropped_unsupervised},
    {"first_turns_left_out", &SftSummary::first_turns_left_out},
    {"held_out", &SftSummary::held_out},
    {"duplicates", &SftSummary::duplicates},
    {"special_text", &SftSummary::special_text},
    {"length_width", &SftSummary::length_width}};

}  // namespace

int64_t SftSummary::bad() const { return std::accumulate(faults.begin(), faults.end(), int64_t{0}); }

void SftSummary::count_length(int64_t tokens, int64_t max_seq_len) {
  if (lengths.empty()) {
    length_width = (max_seq_len + kBuckets - 1) / kBuckets;
    lengths.resize(size_t(kBuckets + 1));
  }
  const int64_t bucket = tokens > max_seq_len ? kBuckets : std::max<int64_t>(0, tokens - 1) / length_width;
  ++lengths[size_t(bucket)];
}

void SftSummary::add_example(std::string_view kind, std::string place) {
  auto& places = examples[std::string(kind)];
  if (places.size() < kExamples) places.push_back(std::move(place));
}

std::string SftSummary::text() const {
  std::string line =
      fmt::format("{} samples of {} records in {} {}, {} tokens ({} supervised), longest {}", samples,
                  records, files, files == 1 ? "file" : "files", tokens, supervised_tokens, longest);
  if (truncated) line += fmt::format(", {} truncated", truncated);
  if (dropped_too_long) line += fmt::format(", {} dropped as too long", dropped_too_long);
  if (dropped_unsupervised)
    line += fmt::format(", {} dropped as truncated before their answer", dropped_unsupervised);
  if (bad()) line += fmt::format(", {} bad and skipped", bad());
  if (held_out) line += fmt::format(", {} held out", held_out);
  if (first_turns_left_out)
    line += fmt::format(", {} leading assistant turns left out", first_turns_left_out);
  return line;
}

std::string SftSummary::to_json() const {
  Json json;
  for (const auto& [name, member] : kCounts) json[name] = this->*member;
  for (size_t f = 0; f < kFaults; ++f) json["faults"][std::string(name_of(Fault(f)))] = faults[f];
  json["lengths"] = lengths;
  json["examples"] = examples;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

SftSummary SftSummary::from_json(std::string_view text) try {
  const Json json = Json::parse(text);
  SftSummary sum;
  for (const auto& [name, member] : kCounts) json.at(name).get_to(sum.*member);
  for (size_t f = 0; f < kFaults; ++f)
    json.at("faults").at(std::string(name_of(Fault(f)))).get_to(sum.faults[f]);
  json.at("lengths").get_to(sum.lengths);
  json.at("examples").get_to(sum.examples);
  return sum;
} catch (const Json::exception& e) {
  throw DataError("a dataset summary cannot be read: {}", e.what());
}

}  // namespace genesis::data
