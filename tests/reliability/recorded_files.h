#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/reliability/quick_files.h"

namespace genesis::reliability {

/// One operation that a power loss may undo until something syncs it.
struct RecordedCall {
  enum class Kind { create, make_folder, write, sync, rename, exchange, remove } kind;
  int inode = 0;         ///< create, make_folder: the new one; write, sync: whose
  int folder = 0;        ///< inode of the folder whose entries change
  std::string name, to;  ///< entries of that folder; `to` for rename and exchange
  std::string data;      ///< write: appended bytes
};

/// The system's calls, and what they were, as operations on numbered files and folders.
class RecordedFiles : public QuickFiles {
 public:
  /// `root` and everything in it is on the disk already.
  explicit RecordedFiles(const std::filesystem::path& root);

  int create(const std::string& path) override;
  int64_t write(int file, const void* data, int64_t bytes) override;
  int sync(int file) override;
  int close(int file) override;
  int make_folder(const std::string& path) override;
  int open_folder(const std::string& path) override;
  int rename(const std::string& from, const std::string& to) override;
  int exchange(const std::string& a, const std::string& b) override;
  int remove_file(const std::string& path) override;
  int remove_folder(const std::string& path) override;

  const std::vector<RecordedCall>& calls() const { return calls_; }

  /// A file system's contents.
  struct Disk {
    std::map<int, std::map<std::string, int>> folders;  ///< entries: name -> inode
    std::map<int, std::string> files;
    static constexpr int kRoot = 0;
    /// Makes a folder of the system look like this one.
    void materialise(const std::filesystem::path& root) const;
  };
  const Disk& start() const { return start_; }

 private:
  int inode_of(const std::string& path) const;
  void read_folder(const std::filesystem::path& path, int inode);

  Disk start_, now_;
  std::string root_;
  std::map<int, int> open_;  // descriptor -> inode
  int next_inode_ = 1;
  std::vector<RecordedCall> calls_;
};

}  // namespace genesis::reliability
