#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "kernels/core/error.h"

namespace genesis::data {

/// A place in a file, both counted from 1. Columns count characters (UTF-8 continuation bytes do not count).
struct SourcePosition {
  int64_t line = 1;
  int64_t column = 1;
};

/// What can be wrong with a record.
///   syntax:     not JSON, or not where a record must be
///   encoding:   not UTF-8, or a surrogate without its pair
///   too_large:  more bytes than a record may have, or nested too deep
///   format:     a key is missing, given twice or of the wrong type, or no format fits
///   role_order: an unknown role, two turns of one role in a row, a system text that is not the first
///   empty:      a turn or a document without text
///   nothing_to_learn: no answer, or every token masked
///   too_long:   more tokens than max_seq_len under truncation: error
enum class Fault : uint8_t {
  syntax,
  encoding,
  too_large,
  format,
  role_order,
  empty,
  nothing_to_learn,
  too_long
};
inline constexpr size_t kFaults = 8;

constexpr std::string_view name_of(Fault fault) {
  constexpr std::array<std::string_view, kFaults> names = {
      "syntax", "encoding", "too_large", "format", "role_order", "empty", "nothing_to_learn", "too_long"};
  return names[size_t(fault)];
}

/// A record that cannot be used: "file:line:column: reason".
class RecordError : public DataError {
 public:
  RecordError(Fault fault, SourcePosition at, const std::string& message)
      : DataError(message), fault_(fault), at_(at) {}
  Fault fault() const { return fault_; }
  SourcePosition at() const { return at_; }

 private:
  Fault fault_;
  SourcePosition at_;
};

}  // namespace genesis::data
