#include "tests/reliability/recorded_files.h"

#include <fstream>
#include <iterator>

#include "kernels/core/check.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;
using Kind = RecordedCall::Kind;

std::string name_in(const std::string& path) { return fs::path(path).filename().string(); }

}  // namespace

RecordedFiles::RecordedFiles(const fs::path& root) : root_(root.string()) {
  read_folder(root, Disk::kRoot);
  now_ = start_;
}

void RecordedFiles::read_folder(const fs::path& path, int inode) {
  auto& entries = start_.folders[inode];
  std::map<std::string, int> found;
  for (const auto& entry : fs::directory_iterator(path)) {
    const int child = next_inode_++;
    found[entry.path().filename().string()] = child;
    if (entry.is_directory()) {
      read_folder(entry.path(), child);
    } else {
      std::ifstream in(entry.path(), std::ios::binary);
      start_.files[child] = std::string(std::istreambuf_iterator<char>(in), {});
    }
  }
  entries = std::move(found);
}

int RecordedFiles::inode_of(const std::string& path) const {
  if (path == root_) return Disk::kRoot;
  const fs::path p(path);
  const auto& entries = now_.folders.at(inode_of(p.parent_path().string()));
  const auto found = entries.find(p.filename().string());
  GENESIS_CHECK(found != entries.end(), path, " is not there");
  return found->second;
}

int RecordedFiles::create(const std::string& path) {
  const int fd = QuickFiles::create(path);
  if (fd < 0) return fd;
  const int folder = inode_of(fs::path(path).parent_path().string()), inode = next_inode_++;
  now_.folders[folder][name_in(path)] = inode;
  now_.files[inode];
  open_[fd] = inode;
  calls_.push_back({Kind::create, inode, folder, name_in(path), {}, {}});
  return fd;
}

int64_t RecordedFiles::write(int file, const void* data, int64_t bytes) {
  const int64_t n = QuickFiles::write(file, data, bytes);
  if (n > 0)
    calls_.push_back({Kind::write, open_.at(file), 0, {}, {}, {static_cast<const char*>(data), size_t(n)}});
  return n;
}

int RecordedFiles::sync(int file) {
  calls_.push_back({Kind::sync, open_.at(file), 0, {}, {}, {}});
  return QuickFiles::sync(file);
}

int RecordedFiles::close(int file) {
  open_.erase(file);
  return QuickFiles::close(file);
}

int RecordedFiles::make_folder(const std::string& path) {
  const int status = QuickFiles::make_folder(path);
  if (status < 0) return status;
  const int folder = inode_of(fs::path(path).parent_path().string()), inode = next_inode_++;
  now_.folders[folder][name_in(path)] = inode;
  now_.folders[inode];
  calls_.push_back({Kind::make_folder, inode, folder, name_in(path), {}, {}});
  return status;
}

int RecordedFiles::open_folder(const std::string& path) {
  const int fd = QuickFiles::open_folder(path);
  if (fd >= 0) open_[fd] = inode_of(path);
  return fd;
}

int RecordedFiles::rename(const std::string& from, const std::string& to) {
  const int status = QuickFiles::rename(from, to);
  if (status < 0) return status;
  const int folder = inode_of(fs::path(from).parent_path().string()), inode = inode_of(from);
  GENESIS_CHECK(fs::path(from).parent_path() == fs::path(to).parent_path(), "a rename between folders");
  now_.folders[folder].erase(name_in(from));
  now_.folders[folder][name_in(to)] = inode;
  calls_.push_back({Kind::rename, inode, folder, name_in(from), name_in(to), {}});
  return status;
}

int RecordedFiles::exchange(const std::string& a, const std::string& b) {
  const int status = QuickFiles::exchange(a, b);
  if (status < 0) return status;
  const int folder = inode_of(fs::path(a).parent_path().string());
  auto& entries = now_.folders[folder];
  calls_.push_back({Kind::exchange, entries[name_in(a)], folder, name_in(a), name_in(b), {}});
  std::swap(entries[name_in(a)], entries[name_in(b)]);
  return status;
}

int RecordedFiles::remove_file(const std::string& path) {
  const int status = QuickFiles::remove_file(path);
  if (status < 0) return status;
  const int folder = inode_of(fs::path(path).parent_path().string());
  calls_.push_back({Kind::remove, inode_of(path), folder, name_in(path), {}, {}});
  now_.folders[folder].erase(name_in(path));
  return status;
}

int RecordedFiles::remove_folder(const std::string& path) {
  const int status = QuickFiles::remove_folder(path);
  if (status < 0) return status;
  const int folder = inode_of(fs::path(path).parent_path().string());
  calls_.push_back({Kind::remove, inode_of(path), folder, name_in(path), {}, {}});
  now_.folders[folder].erase(name_in(path));
  return status;
}

void RecordedFiles::Disk::materialise(const fs::path& root) const {
  const auto make = [&](auto& self, int inode, const fs::path& path) -> void {
    fs::create_directories(path);
    for (const auto& [name, child] : folders.at(inode)) {
      if (const auto file = files.find(child); file != files.end()) {
        std::ofstream(path / name, std::ios::binary)
            .write(file->second.data(), std::streamsize(file->second.size()));
      } else {
        self(self, child, path / name);
      }
    }
  };
  make(make, kRoot, root);
}

}  // namespace genesis::reliability
