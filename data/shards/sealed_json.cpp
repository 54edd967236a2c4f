#include "data/shards/sealed_json.h"

#include "data/dataset/sha256.h"
#include "data/shards/durable_folder.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

using Json = nlohmann::json;
constexpr int kDeepest = 16;  // a hostile file shall not exhaust the stack

std::string seal_of(const Json& object) {
  Sha256 sha;
  sha.add_field("genesis sealed json 1");
  sha.add_field(object.dump(-1, ' ', false, Json::error_handler_t::replace));
  return sha.hex();
}

}  // namespace

void write_sealed(const std::filesystem::path& path, Json object) {
  object["seal"] = seal_of(object);
  write_durable(path, object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Json read_sealed(const std::filesystem::path& path) {
  const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kDeepest) throw DataError("{}: nested deeper than {}", path.string(), kDeepest);
    return true;
  };
  Json object = Json::parse(read_small_file(path), shallow, /*allow_exceptions=*/false);
  if (!object.is_object()) throw DataError("{}: is not a JSON object", path.string());
  const Json seal = object.value("seal", Json());
  object.erase("seal");
  if (!seal.is_string() || seal.get<std::string>() != seal_of(object))
    throw DataError("{}: is damaged: its seal does not fit its content", path.string());
  return object;
}

}  // namespace genesis::data
