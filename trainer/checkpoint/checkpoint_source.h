#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "models/safetensors/mapped_file.h"

namespace genesis::trainer {

/// Where the bytes of a checkpoint's files come from.
class CheckpointSource {
 public:
  virtual ~CheckpointSource() = default;
  /// A file's bytes, valid as long as this object; nothing when there is no such file.
  virtual std::optional<std::string_view> bytes(const std::string& name) = 0;
  /// Its size without touching its bytes; -1 when there is no such file.
  virtual int64_t size(const std::string& name) = 0;
  /// The checkpoint's name in messages: its folder.
  virtual std::string path() const = 0;
  std::string path_of(const std::string& name) const { return path() + "/" + name; }
};

/// A folder on the disk; each file is mapped when its bytes are asked for first.
class FolderSource : public CheckpointSource {
 public:
  explicit FolderSource(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::optional<std::string_view> bytes(const std::string& name) override;
  int64_t size(const std::string& name) override;
  std::string path() const override { return folder_.string(); }

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::unique_ptr<models::MappedFile>> files_;
};

}  // namespace genesis::trainer
