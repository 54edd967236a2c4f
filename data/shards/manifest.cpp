#include "data/shards/manifest.h"

#include "data/dataset/sha256.h"
#include "data/shards/sealed_json.h"

namespace genesis::data {
namespace {

using Json = nlohmann::json;
constexpr const char* kFormat = "genesis shards 1";
constexpr const char* kWithWeights =
    "genesis shards 2";  // and "weights"; readers of format 1 must not take it

/// A name in the folder itself: a manifest may not point elsewhere.
std::string file_name(const Json& json) {
  const std::string name = json.get<std::string>();
  if (name.empty() || name.find('/') != std::string::npos || name.front() == '.')
    throw DataError("'{}' is no name of a shard", name);
  return name;
}

Provenance read_provenance(const Json& json) {
  Provenance p;
  p.program = json.at("program").get<std::string>();
  p.tokenizer = json.at("tokenizer").get<std::string>();
  p.vocab_size = json.at("vocab_size").get<int64_t>();
  p.chat_template = json.at("template").get<std::string>();
  p.template_digest = json.at("template_digest").get<std::string>();
  p.settings = json.at("settings").get<std::string>();
  for (const Json& s : json.at("sources"))
    p.sources.push_back({s.at("path").get<std::string>(), s.at("bytes").get<int64_t>(),
                         s.at("sha256").get<std::string>(), s.at("samples").get<int64_t>()});
  return p;
}

}  // namespace

std::string Provenance::key() const {
  Sha256 sha;
  for (const std::string& part : {std::string(kFormat), tokenizer, chat_template, template_digest, settings})
    sha.add_field(part);
  for (const Source& source : sources) sha.add_field(source.sha256);
  return sha.hex();
}

void Manifest::write(const std::filesystem::path& folder) const {
  const auto others = weights.others();
  Json json = {{"format", others.empty() ? kFormat : kWithWeights},
               {"program", provenance.program},
               {"tokenizer", provenance.tokenizer},
               {"vocab_size", provenance.vocab_size},
               {"template", provenance.chat_template},
               {"template_digest", provenance.template_digest},
               {"settings", provenance.settings},
               {"sources", Json::array()},
               {"summary", Json::parse(summary.to_json())},
               {"shards", Json::array()}};
  for (const auto& s : provenance.sources)
    json["sources"].push_back(
        {{"path", s.path}, {"bytes", s.bytes}, {"sha256", s.sha256}, {"samples", s.samples}});
  for (const Shard& s : shards)
    json["shards"].push_back({{"file", s.file},
                              {"bytes", s.bytes},
                              {"xxh3", s.xxh3},
                              {"samples", s.samples},
                              {"tokens", s.tokens}});
  if (!others.empty()) json["weights"] = std::vector<double>(others.begin(), others.end());
  write_sealed(folder / kFile, std::move(json));
}

Manifest Manifest::read(const std::filesystem::path& folder) {
  const auto path = folder / kFile;
  const Json json = read_sealed(path);
  try {
    const std::string format = json.at("format").get<std::string>();
    if (format != kFormat && format != kWithWeights)
      throw DataError("format '{}' is unknown to this program", format);
    Manifest m;
    if (format == kWithWeights) m.weights = WeightTable(json.at("weights").get<std::vector<double>>());
    m.provenance = read_provenance(json);
    m.summary = SftSummary::from_json(json.at("summary").dump());
    for (const Json& s : json.at("shards"))
      m.shards.push_back({file_name(s.at("file")), s.at("bytes").get<int64_t>(),
                          s.at("xxh3").get<std::string>(), s.at("samples").get<int64_t>(),
                          s.at("tokens").get<int64_t>()});
    return m;
  } catch (const Json::exception& e) {
    throw DataError("{}: {}", path.string(), e.what());
  } catch (const DataError& e) {
    throw DataError("{}: {}", path.string(), e.what());
  }
}

bool is_shard_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(folder / Manifest::kFile, ignored);
}

}  // namespace genesis::data
