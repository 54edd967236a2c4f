#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace genesis::data {

/// SHA-256 of bytes given piece by piece.
class Sha256 {
 public:
  Sha256();
  void add(const void* bytes, size_t count);
  void add(std::string_view text) { add(text.data(), text.size()); }
  template <class T>
  void add(std::span<const T> values) {
    add(values.data(), values.size_bytes());
  }
  /// Text with its length in front, so that neighbouring fields cannot run into each other.
  void add_field(std::string_view text);
  /// The digest in 64 lower-case hexadecimal digits; the object is done then.
  std::string hex();

 private:
  struct Context;
  struct Free {
    void operator()(Context* context) const;
  };
  std::unique_ptr<Context, Free> context_;
};

}  // namespace genesis::data
