#include "trainer/checkpoint/checkpoint_source.h"

namespace genesis::trainer {

std::optional<std::string_view> FolderSource::bytes(const std::string& name) {
  auto& file = files_[name];
  if (!file) {
    if (size(name) < 0) return std::nullopt;
    file = std::make_unique<models::MappedFile>(folder_ / name);
  }
  return file->bytes();
}

int64_t FolderSource::size(const std::string& name) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(folder_ / name, error);
  return error ? -1 : int64_t(bytes);
}

}  // namespace genesis::trainer
