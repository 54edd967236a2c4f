#pragma once
#include <istream>
#include <streambuf>
#include <vector>

namespace genesis::trainer {

/// Standard input as a stream that gives what has arrived, up to 1 MiB at once, without waiting for more.
///   rdbuf()->in_avail() is the number of bytes that can be taken before the stream waits again.
/// Errors: genesis::DataError when reading fails.
class StandardInput : public std::istream {
 public:
  StandardInput() : std::istream(nullptr) {
    rdbuf(&buffer_);
    exceptions(std::ios::badbit);  // what underflow throws reaches the caller
  }

 private:
  class Buffer : public std::streambuf {
   protected:
    int_type underflow() override;

   private:
    std::vector<char> block_ = std::vector<char>(size_t(1) << 20);
  };
  Buffer buffer_;
};

}  // namespace genesis::trainer
