#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <unordered_map>

#include "data/dataset/sha256.h"
#include "models/json/strict_json.h"
#include "models/safetensors/stored_type.h"
#include "trainer/checkpoint/manifest.h"
#include "trainer/checkpoint/refusal.h"

namespace genesis::trainer {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kSealKey = "\"seal\": \"";
constexpr size_t kSealTail = kSealKey.size() + 64 + 3;  // bytes: key, digest, quote, brace, line end

bool is_hex(std::string_view text, size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name != kManifestName &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Manifest manifest(const Json& root) {
    Manifest m;
    m.generation = whole(root, "generation", "the manifest");
    m.run = text(root, "run", "the manifest");
    m.step = whole(root, "step", "the manifest");
    m.previous_step = member(root, "previous_step", "the manifest").is_number_integer()
                          ? root["previous_step"].get<int64_t>()
                          : -1;
    m.ranks = whole(root, "ranks", "the manifest");
    m.program = text(root, "program", "the manifest");
    for (const Json& f : list(root, "files")) m.files.push_back(file_entry(f));
    for (const Json& t : list(root, "tensors")) m.tensors.push_back(tensor(t));
    check(m);
    return m;
  }

 private:
  template <class... A>
  [[noreturn]] void refuse(fmt::format_string<A...> format, A&&... args) const {
    throw CheckpointError("{}: {}", file_, fmt::format(format, std::forward<A>(args)...));
  }

  const Json& member(const Json& object, const char* key, const std::string& of) const {
    if (!object.is_object() || !object.contains(key)) refuse("{} has no '{}'", of, key);
    return object[key];
  }
  int64_t whole(const Json& object, const char* key, const std::string& of) const {
    const Json& v = member(object, key, of);
    if (!v.is_number_unsigned() || v.get<uint64_t>() > uint64_t{1} << 62)
      refuse("{}: '{}' is no whole number: {}", of, key, v.dump());
    return v.get<int64_t>();
  }
  std::string text(const Json& object, const char* key, const std::string& of) const {
    const Json& v = member(object, key, of);
    if (!v.is_string()) refuse("{}: '{}' is no text: {}", of, key, v.dump());
    return v.get<std::string>();
  }
  std::string plain_name(const Json& object, const char* key, const std::string& of) const {
    const std::string name = text(object, key, of);
    if (!is_plain_name(name)) refuse("{}: '{}' is '{}', which is no plain file name", of, key, name);
    return name;
  }
  uint32_t crc(const Json& object, const char* key, const std::string& of) const {
    const std::string digits = text(object, key, of);
    if (!is_hex(digits, 8)) refuse("{}: '{}' is '{}', not 8 hexadecimal digits", of, key, digits);
    uint32_t value = 0;
    std::from_chars(digits.data(), digits.data() + 8, value, 16);
    return value;
  }
  const Json& list(const Json& object, const char* key) const {
    const Json& v = member(object, key, "the manifest");
    if (!v.is_array()) refuse("'{}' is no list", key);
    return v;
  }
  Shape extents(const Json& object, const char* key, const std::string& of) const {
    const Json& v = member(object, key, of);
    Shape out;
    int64_t product = 1;
    bool good = v.is_array();
    for (size_t i = 0; good && i < v.size(); ++i) {
      good = v[i].is_number_unsigned() && v[i].get<uint64_t>() < uint64_t{1} << 48;
      if (good) out.push_back(v[i].get<int64_t>());
      good = good && !__builtin_mul_overflow(product, std::max<int64_t>(1, out.back()), &product) &&
             product < int64_t{1} << 56;
    }
    if (!good) refuse("{}: '{}' is no list of extents: {}", of, key, v.dump());
    return out;
  }

  ManifestFile file_entry(const Json& object) const {
    ManifestFile f;
    f.name = plain_name(object, "name", "an entry of 'files'");
    f.size = whole(object, "size", f.name);
    f.sha256 = text(object, "sha256", f.name);
    if (!is_hex(f.sha256, 64)) refuse("{}: 'sha256' is not 64 hexadecimal digits", f.name);
    if (object.contains("head_bytes")) {
      f.head_bytes = whole(object, "head_bytes", f.name);
      f.head_crc32c = crc(object, "head_crc32c", f.name);
      if (f.head_bytes > f.size) refuse("{}: a head of {} bytes in {}", f.name, f.head_bytes, f.size);
    }
    return f;
  }

  ManifestTensor tensor(const Json& object) const {
    ManifestTensor t;
    t.name = text(object, "name", "an entry of 'tensors'");
    const std::string of = "tensor '" + t.name + "'", type = text(object, "dtype", of);
    const models::StoredType* stored = models::find_stored_type(type);
    if (!stored || !stored->dtype) refuse("{}: dtype '{}' is unknown", of, type);
    t.dtype = *stored->dtype;
    t.shape = extents(object, "shape", of);
    const Json& slices = member(object, "slices", of);
    if (!slices.is_array()) refuse("{}: 'slices' is no list", of);
    for (const Json& s : slices)
      t.slices.push_back({.file = plain_name(s, "file", of),
                          .key = text(s, "key", of),
                          .box = {extents(s, "start", of), extents(s, "extent", of)},
                          .crc32c = crc(s, "crc32c", of)});
    return t;
  }

  void check(const Manifest& m) const {
    std::unordered_map<std::string, const ManifestFile*> files;
    for (const ManifestFile& f : m.files)
      if (!files.emplace(f.name, &f).second) refuse("file '{}' is listed twice", f.name);
    std::set<std::string_view> names;
    std::set<std::pair<std::string_view, std::string_view>> keys;
    for (const ManifestTensor& t : m.tensors) {
      if (!names.insert(t.name).second) refuse("tensor '{}' is listed twice", t.name);
      std::vector<Box> boxes;
      for (const ManifestSlice& s : t.slices) {
        const auto found = files.find(s.file);
        if (found == files.end() || found->second->head_bytes == 0)
          refuse("tensor '{}': its file '{}' is not listed", t.name, s.file);
        if (!keys.insert({s.file, s.key}).second)
          refuse("tensor '{}': '{}' of {} belongs to another tensor too", t.name, s.key, s.file);
        boxes.push_back(s.box);
      }
      if (!tiles(boxes, t.shape))
        refuse("tensor '{}': its {} slices do not tile shape {}", t.name, boxes.size(), to_string(t.shape));
    }
  }

  const std::string& file_;
};

/// Errors: CheckpointError unless the file ends in the seal of all that precedes it.
void check_seal(std::string_view text, const std::string& file) {
  if (text.size() < kSealTail)
    throw CheckpointError("{}: truncated: {} bytes, no seal at its end", file, text.size());
  const std::string_view body = text.substr(0, text.size() - kSealTail), tail = text.substr(body.size());
  data::Sha256 sha;
  sha.add(body);
  if (tail != std::string(kSealKey) + sha.hex() + "\"}\n")
    throw CheckpointError("{}: the seal at its end does not fit what precedes it: truncated or changed",
                          file);
}

}  // namespace

Manifest parse_manifest(std::string_view text, const std::string& file) {
  check_seal(text, file);
  const Json root = models::parse_json(text, file);
  if (!root.is_object() || root.value("format", Json()) != "genesis-checkpoint")
    throw CheckpointError("{}: is not the manifest of a Genesis checkpoint", file);
  const Json version = root.value("version", Json());
  if (!version.is_number_unsigned() || version.get<uint64_t>() < 1)
    throw CheckpointError("{}: format version {} is no version", file, version.dump());
  if (version.get<uint64_t>() > uint64_t(Manifest::kVersion))
    throw CheckpointRefused("{}: format version {} is newer than this program, which reads up to version {}",
                            file, version.get<uint64_t>(), Manifest::kVersion);
  return Reader(file).manifest(root);
}

const ManifestFile* Manifest::find_file(std::string_view name) const {
  const auto it = std::find_if(files.begin(), files.end(), [&](auto& f) { return f.name == name; });
  return it == files.end() ? nullptr : &*it;
}

const ManifestTensor* Manifest::find_tensor(std::string_view name) const {
  const auto it = std::find_if(tensors.begin(), tensors.end(), [&](auto& t) { return t.name == name; });
  return it == tensors.end() ? nullptr : &*it;
}

int64_t Manifest::bytes() const {
  int64_t sum = 0;
  for (const ManifestFile& f : files) sum += f.size;
  return sum;
}

int64_t peek_generation(const std::filesystem::path& folder) {
  std::ifstream in(folder / kManifestName, std::ios::binary);
  std::string head(160, '\0');
  in.read(head.data(), std::streamsize(head.size()));
  head.resize(size_t(in.gcount()));
  constexpr std::string_view kKey = "\"generation\": ";
  const size_t at = head.find(kKey);
  if (at == std::string::npos) return -1;
  int64_t value = -1;
  std::from_chars(head.data() + at + kKey.size(), head.data() + head.size(), value);
  return value;
}

}  // namespace genesis::trainer
