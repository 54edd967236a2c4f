#include "data/formats/byte_stream.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <vector>

namespace genesis::data {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 16;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// The file itself, in blocks, or bytes in memory that stand for one.
class File {
 public:
  explicit File(std::filesystem::path path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "rb")) {
    if (!file_) throw DataError("{}: cannot be opened: {}", path_.string(), std::strerror(errno));
  }
  File(std::string_view bytes, std::filesystem::path name) : path_(std::move(name)), memory_(bytes) {}

  size_t read(char* into, size_t size) {
    const size_t bytes =
        file_ ? std::fread(into, 1, size, file_.get()) : memory_.copy(into, size, size_t(read_));
    if (bytes == 0 && file_ && std::ferror(file_.get()))
      throw DataError("{}: cannot be read: {}", path_.string(), std::strerror(errno));
    read_ += int64_t(bytes);
    return bytes;
  }
  /// Whether it begins with these bytes, without taking them.
  bool begins(std::string_view magic) {
    char first[8];
    const size_t bytes =
        file_ ? std::fread(first, 1, magic.size(), file_.get()) : memory_.copy(first, magic.size());
    if (file_) std::rewind(file_.get());
    return std::string_view(first, bytes) == magic;
  }
  int64_t bytes() const { return read_; }
  [[noreturn]] void damaged(const char* kind, const char* why) const {
    throw DataError("{}: bad {} content after {} bytes: {}", path_.string(), kind, read_, why);
  }

 private:
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;  // null: the bytes are memory_
  std::string_view memory_;
  int64_t read_ = 0;
};

}  // namespace

class ByteStream::Decoder {
 public:
  explicit Decoder(File file) : file_(std::move(file)) {}
  virtual ~Decoder() = default;
  virtual size_t read(std::span<char> into) { return file_.read(into.data(), into.size()); }
  int64_t file_bytes() const { return file_.bytes(); }

 protected:
  File file_;
};

namespace {

/// gzip: one member after another.
class Gzip final : public ByteStream::Decoder {
 public:
  explicit Gzip(File file) : Decoder(std::move(file)), block_(kBlockBytes) {
    if (inflateInit2(&z_, 15 + 16) != Z_OK) throw Error("zlib cannot start");
  }
  ~Gzip() override { inflateEnd(&z_); }

  size_t read(std::span<char> into) override {
    z_.next_out = reinterpret_cast<Bytef*>(into.data());
    z_.avail_out = uInt(into.size());
    while (z_.avail_out == into.size() && !done_) {
      if (z_.avail_in == 0) {
        z_.avail_in = uInt(file_.read(block_.data(), block_.size()));
        z_.next_in = reinterpret_cast<Bytef*>(block_.data());
        if (z_.avail_in == 0) {
          if (!between_) file_.damaged("gzip", "the file is cut off");
          done_ = true;
          break;
        }
      }
      between_ = false;
      const int result = inflate(&z_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        between_ = true;
        inflateReset(&z_);
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        file_.damaged("gzip", z_.msg ? z_.msg : "it cannot be decompressed");
      }
    }
    return into.size() - z_.avail_out;
  }

 private:
  std::vector<char> block_;  // [kBlockBytes]
  z_stream z_{};
  bool between_ = false, done_ = false;  // between: a member has ended and none has begun
};

/// Zstandard: one frame after another.
class Zstandard final : public ByteStream::Decoder {
 public:
  explicit Zstandard(File file) : Decoder(std::move(file)), block_(kBlockBytes), z_(ZSTD_createDCtx()) {
    if (!z_) throw Error("libzstd cannot start");
    // A frame may ask for a window of gigabytes; the usual writers never pass 128 MiB.
    ZSTD_DCtx_setParameter(z_.get(), ZSTD_d_windowLogMax, 27);
  }

  size_t read(std::span<char> into) override {
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !flushing_) {
        in_ = {block_.data(), file_.read(block_.data(), block_.size()), 0};
        if (in_.size == 0) {
          if (!between_) file_.damaged("zstd", "the file is cut off");
          return 0;
        }
      }
      const size_t result = ZSTD_decompressStream(z_.get(), &out, &in_);
      if (ZSTD_isError(result)) file_.damaged("zstd", ZSTD_getErrorName(result));
      between_ = result == 0;
      flushing_ = out.pos == out.size;  // more may be waiting inside
    }
    return out.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::vector<char> block_;  // [kBlockBytes]
  std::unique_ptr<ZSTD_DCtx, Free> z_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool between_ = false, flushing_ = false;
};

/// The decoder its first bytes ask for.
std::unique_ptr<ByteStream::Decoder> decoder_of(File file) {
  if (file.begins("\x1F\x8B")) return std::make_unique<Gzip>(std::move(file));
  if (file.begins("\x28\xB5\x2F\xFD")) return std::make_unique<Zstandard>(std::move(file));
  return std::make_unique<ByteStream::Decoder>(std::move(file));
}

}  // namespace

ByteStream::ByteStream(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path_, ignored))
    throw DataError("{}: is a folder, not a file", path_.string());
  decoder_ = decoder_of(File(path_));
}

ByteStream::ByteStream(std::string_view bytes, std::filesystem::path name)
    : path_(std::move(name)), decoder_(decoder_of(File(bytes, path_))) {}

ByteStream::~ByteStream() = default;
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;

size_t ByteStream::read(std::span<char> into) { return decoder_->read(into); }
int64_t ByteStream::file_bytes() const { return decoder_->file_bytes(); }

}  // namespace genesis::data
