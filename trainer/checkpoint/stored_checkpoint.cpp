#include "trainer/checkpoint/stored_checkpoint.h"

#include "data/dataset/sha256.h"
#include "models/safetensors/header.h"
#include "trainer/checkpoint/crc32c.h"
#include "trainer/checkpoint/refusal.h"

namespace genesis::trainer {
namespace {

/// What a folder without a readable manifest is.
[[noreturn]] void refuse_folder(CheckpointSource& source) {
  if (source.size("trainer_state.json") >= 0 && source.size("optimizer.safetensors") >= 0)
    throw CheckpointError(
        "{}: has no {}: it is a plain checkpoint of a release before checkpoint format 1, which cannot be "
        "resumed; model_name_or_path={} starts a new run from its weights",
        source.path(), kManifestName, source.path());
  throw CheckpointError("{}: has no {}: it is no checkpoint, or one that was never finished", source.path(),
                        kManifestName);
}

}  // namespace

StoredCheckpoint StoredCheckpoint::open(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    throw CheckpointError("{}: there is no such checkpoint folder", folder.string());
  return StoredCheckpoint(std::make_unique<FolderSource>(folder));
}

StoredCheckpoint::StoredCheckpoint(std::unique_ptr<CheckpointSource> source) : source_(std::move(source)) {
  const auto text = source_->bytes(kManifestName);
  if (!text) refuse_folder(*source_);
  manifest_ = parse_manifest(*text, source_->path_of(kManifestName));
  seal_ = std::string(text->substr(text->size() - 67, 64));
  for (const ManifestTensor& t : manifest_.tensors)
    for (const ManifestSlice& s : t.slices) slices_[s.file].push_back({&t, &s, 0});
  for (const ManifestFile& file : manifest_.files) {
    check_head(file, true);
    if (file.head_bytes == 0) check_digest(file);
  }
}

std::string_view StoredCheckpoint::sized_bytes(const ManifestFile& file) {
  const int64_t size = source_->size(file.name);
  if (size < 0) throw CheckpointError("{}: the file is missing", source_->path_of(file.name));
  if (size != file.size)
    throw CheckpointError("{}: {}: {} bytes, the manifest says {}", source_->path_of(file.name),
                          size < file.size ? "truncated" : "bytes left over", size, file.size);
  return *source_->bytes(file.name);
}

void StoredCheckpoint::check_head(const ManifestFile& file, bool first) {
  const std::string path = source_->path_of(file.name);
  const std::string_view bytes = sized_bytes(file);
  if (file.head_bytes == 0) return;
  if (crc32c(bytes.data(), file.head_bytes) != file.head_crc32c)
    throw CheckpointError("{}: its header (the first {} bytes) is damaged: CRC-32C {}, the manifest says {}",
                          path, file.head_bytes, crc32c_text(crc32c(bytes.data(), file.head_bytes)),
                          crc32c_text(file.head_crc32c));
  if (!first) return;  // what follows depends on these bytes alone
  const auto header = models::parse_safetensors_header(bytes, file.size, path);
  std::unordered_map<std::string_view, const models::StoredTensor*> stored;
  for (const auto& t : header.tensors) stored.emplace(t.name, &t);
  auto& slices = slices_[file.name];
  if (slices.size() != stored.size())
    throw CheckpointError("{}: holds {} tensors, the manifest lists {} slices", path, stored.size(),
                          slices.size());
  for (FileSlice& s : slices) {
    const auto found = stored.find(s.slice->key);
    if (found == stored.end()) throw CheckpointError("{}: has no tensor '{}'", path, s.slice->key);
    const models::StoredTensor& t = *found->second;
    if (t.type->dtype != s.tensor->dtype || t.shape != s.slice->box.extent)
      throw CheckpointError("{}: tensor '{}' is {} {}, the manifest says {} {}", path, s.slice->key,
                            t.type->name, to_string(t.shape), name_of(s.tensor->dtype),
                            to_string(s.slice->box.extent));
    s.begin = header.data_begin + t.begin;
    begin_of_[s.slice] = s.begin;
  }
}

void StoredCheckpoint::check_digest(const ManifestFile& file) {
  data::Sha256 sha;
  sha.add(sized_bytes(file));
  if (const std::string found = sha.hex(); found != file.sha256)
    throw CheckpointError("{}: its content is damaged: SHA-256 {}, the manifest says {}",
                          source_->path_of(file.name), found, file.sha256);
}

std::string_view StoredCheckpoint::slice(const ManifestTensor& tensor, const ManifestSlice& slice) {
  const auto whole = source_->bytes(slice.file);
  const int64_t bytes = slice.box.numel() * size_of(tensor.dtype);
  const std::string_view found = whole->substr(size_t(begin_of_.at(&slice)), size_t(bytes));
  if (const uint32_t crc = crc32c(found.data(), bytes); crc != slice.crc32c)
    throw CheckpointError("{}: tensor '{}' is damaged: CRC-32C {}, the manifest says {}",
                          source_->path_of(slice.file), slice.key, crc32c_text(crc),
                          crc32c_text(slice.crc32c));
  return found;
}

std::string_view StoredCheckpoint::text(const std::string& file) {
  const ManifestFile* listed = manifest_.find_file(file);
  if (!listed) throw CheckpointError("{}: the checkpoint has no {}", path(), file);
  return sized_bytes(*listed);
}

void StoredCheckpoint::verify_file(const ManifestFile& file) {
  check_head(file, false);
  for (const FileSlice& s : slices_[file.name]) slice(*s.tensor, *s.slice);
  check_digest(file);
}

std::vector<std::string> verify_checkpoint(std::unique_ptr<CheckpointSource> source) {
  std::vector<std::string> damage;
  try {
    StoredCheckpoint stored(std::move(source));
    for (const ManifestFile& file : stored.manifest().files) {
      try {
        stored.verify_file(file);
      } catch (const CheckpointError& e) {
        damage.emplace_back(e.what());
      }
    }
  } catch (const CheckpointRefused&) {
    throw;
  } catch (const CheckpointError& e) {
    damage.emplace_back(e.what());
  }
  return damage;
}

std::vector<std::string> verify_checkpoint(const std::filesystem::path& folder) {
  return verify_checkpoint(std::make_unique<FolderSource>(folder));
}

}  // namespace genesis::trainer
