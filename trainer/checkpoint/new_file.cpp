#include "trainer/checkpoint/new_file.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/core/error.h"

namespace genesis::trainer {

namespace fs = std::filesystem;

void throw_disk_error(FileLayer& files, const fs::path& path, std::string_view what, int64_t error,
                      int64_t needed) {
  const int code = int(-error);
  const std::string reason = std::strerror(code);
  if (code != ENOSPC && code != EDQUOT && code != EFBIG)
    throw DiskError("{}: {}: {}", path.string(), what, reason);
  throw DiskError("{}: {}: {} ({} more bytes needed, {} free)", path.string(), what, reason, needed,
                  files.free_bytes(path.parent_path().string()));
}

NewFile::NewFile(FileLayer& files, const fs::path& path) : files_(files), path_(path) {
  const int opened = files_.create(path.string());
  if (opened < 0) throw_disk_error(files_, path_, "cannot be made", opened);
  descriptor_ = opened;
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) files_.close(descriptor_);
}

void NewFile::write(const void* data, int64_t bytes) {
  const char* p = static_cast<const char*>(data);
  while (bytes > 0) {
    const int64_t n = files_.write(descriptor_, p, bytes);
    if (n == -EINTR) continue;
    if (n <= 0) throw_disk_error(files_, path_, "cannot be written", n < 0 ? n : -ENOSPC, bytes);
    p += n;
    bytes -= n;
  }
}

void NewFile::finish() {
  if (const int status = files_.sync(descriptor_); status < 0)
    throw_disk_error(files_, path_, "cannot be synced to the disk", status);
  // Linux has closed the descriptor even when close was interrupted, and the bytes are synced already.
  const int status = files_.close(std::exchange(descriptor_, -1));
  if (status < 0 && status != -EINTR) throw_disk_error(files_, path_, "cannot be closed", status);
}

void write_new_file(FileLayer& files, const fs::path& path, std::string_view text) {
  NewFile file(files, path);
  file.write(text);
  file.finish();
}

void sync_folder(FileLayer& files, const fs::path& folder) {
  const int opened = files.open_folder(folder.string());
  if (opened < 0) throw_disk_error(files, folder, "cannot be opened", opened);
  const int synced = files.sync(opened);
  files.close(opened);
  if (synced < 0) throw_disk_error(files, folder, "cannot be synced to the disk", synced);
}

void remove_tree(FileLayer& files, const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> plain, folders;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    (it->is_directory() && !it->is_symlink() ? folders : plain).push_back(it->path());
  if (error == std::errc::no_such_file_or_directory) return;
  if (error) throw DiskError("{}: cannot be listed: {}", folder.string(), error.message());
  for (const fs::path& inner : folders) remove_tree(files, inner);
  for (const fs::path& file : plain)
    if (const int status = files.remove_file(file.string()); status < 0 && status != -ENOENT)
      throw_disk_error(files, file, "cannot be removed", status);
  if (const int status = files.remove_folder(folder.string()); status < 0 && status != -ENOENT)
    throw_disk_error(files, folder, "cannot be removed", status);
}

}  // namespace genesis::trainer
