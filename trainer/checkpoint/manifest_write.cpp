#include <nlohmann/json.hpp>

#include "data/dataset/sha256.h"
#include "models/safetensors/stored_type.h"
#include "trainer/checkpoint/crc32c.h"
#include "trainer/checkpoint/manifest.h"

namespace genesis::trainer {
namespace {

using Json = nlohmann::ordered_json;

Json slice_json(const ManifestSlice& s) {
  return {{"file", s.file},
          {"key", s.key},
          {"start", s.box.start},
          {"extent", s.box.extent},
          {"crc32c", crc32c_text(s.crc32c)}};
}

Json tensor_json(const ManifestTensor& t) {
  Json slices = Json::array();
  for (const ManifestSlice& s : t.slices) slices.push_back(slice_json(s));
  return {{"name", t.name},
          {"dtype", models::stored_type_of(t.dtype).name},
          {"shape", t.shape},
          {"slices", std::move(slices)}};
}

Json file_json(const ManifestFile& f) {
  Json object{{"name", f.name}, {"size", f.size}, {"sha256", f.sha256}};
  if (f.head_bytes > 0) {
    object["head_bytes"] = f.head_bytes;
    object["head_crc32c"] = crc32c_text(f.head_crc32c);
  }
  return object;
}

/// `"name": [` and a line for each element.
template <class T, class Fn>
std::string list_text(const char* name, const std::vector<T>& elements, const Fn& json) {
  std::string text = std::string("\"") + name + "\": [";
  for (size_t i = 0; i < elements.size(); ++i) text += (i ? ",\n  " : "\n  ") + json(elements[i]).dump();
  return text + "\n],\n";
}

}  // namespace

std::string write_manifest(const Manifest& m) {
  // The first line's form and the seal stay in every version: an older program must be able to say
  // "newer", not "damaged".
  std::string text =
      fmt::format("{{\"format\": \"genesis-checkpoint\", \"version\": {}, \"generation\": {},\n",
                  Manifest::kVersion, m.generation);
  const Json head{{"run", m.run},
                  {"step", m.step},
                  {"previous_step", m.previous_step},
                  {"ranks", m.ranks},
                  {"program", m.program}};
  for (const auto& [key, value] : head.items()) text += Json(key).dump() + ": " + value.dump() + ",\n";
  text += list_text("tensors", m.tensors, tensor_json);
  text += list_text("files", m.files, file_json);
  data::Sha256 sha;
  sha.add(text);
  return text + "\"seal\": \"" + sha.hex() + "\"}\n";
}

}  // namespace genesis::trainer
