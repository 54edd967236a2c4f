#include "models/safetensors/header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "models/json/strict_json.h"

namespace genesis::models {
namespace {

using Json = nlohmann::json;
static_assert(std::endian::native == std::endian::little, "safetensors is little endian");

/// Where in the header's fixed three-level shape the parser stands.
enum class At { start, top, metadata, tensor, shape, offsets, done };

class HeaderEvents : public nlohmann::json_sax<Json> {
 public:
  HeaderEvents(SafetensorsHeader& out, const std::string& file) : out_(out), file_(file) {}

  bool null() override {
    if (at_ == At::top && key_ == kMetadataKey) return true;  // "__metadata__": null is an empty object
    refuse("null");
  }
  bool boolean(bool) override { refuse("a boolean"); }
  bool number_integer(number_integer_t) override { refuse("a negative number"); }
  bool number_float(number_float_t, const string_t& s) override { refuse("the number " + s); }
  bool binary(binary_t&) override { refuse("binary data"); }

  bool number_unsigned(number_unsigned_t v) override {
    if (at_ != At::shape && at_ != At::offsets) refuse("a number");
    if (v > uint64_t(std::numeric_limits<int64_t>::max())) {
      throw CheckpointError("{}: tensor '{}': {} holds {}, which is out of range", file_, tensor_.name, key_,
                            v);
    }
    (at_ == At::shape ? tensor_.shape : offsets_).push_back(int64_t(v));
    return true;
  }

  bool string(string_t& v) override {
    if (at_ == At::metadata) {
      out_.metadata[key_] = v;
    } else if (at_ == At::tensor && key_ == "dtype") {
      tensor_.type = find_stored_type(v);
      if (!tensor_.type)
        throw CheckpointError("{}: tensor '{}': dtype '{}' is unknown", file_, tensor_.name, v);
    } else {
      refuse("a string");
    }
    return true;
  }

  bool start_object(size_t) override {
    if (at_ == At::start) {
      at_ = At::top;
    } else if (at_ == At::top && key_ == kMetadataKey) {
      at_ = At::metadata;
    } else if (at_ == At::top) {
      at_ = At::tensor;
      tensor_ = {};
      tensor_.name = key_;
      offsets_.clear();
      has_shape_ = has_offsets_ = false;
    } else {
      refuse("an object");
    }
    return true;
  }

  bool key(string_t& v) override {
    if (at_ == At::top && (v.find('\0') != std::string::npos || v.find("../") != std::string::npos)) {
      throw CheckpointError("{}: a tensor name holds NUL or '../'", file_);
    }
    if (at_ == At::tensor && v != "dtype" && v != "shape" && v != "data_offsets") {
      throw CheckpointError("{}: tensor '{}': the field '{}' is unknown", file_, tensor_.name, v);
    }
    key_ = v;
    return true;
  }

  bool end_object() override {
    if (at_ == At::tensor) {
      finish_tensor();
      at_ = At::top;
    } else {
      at_ = at_ == At::metadata ? At::top : At::done;
    }
    return true;
  }

  bool start_array(size_t) override {
    if (at_ != At::tensor || key_ == "dtype") refuse("an array");
    at_ = key_ == "shape" ? At::shape : At::offsets;
    (at_ == At::shape ? has_shape_ : has_offsets_) = true;
    return true;
  }
  bool end_array() override {
    at_ = At::tensor;
    return true;
  }
  bool parse_error(size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    switch (at_) {
      case At::start:
      case At::done:
        throw CheckpointError("{}: the header must be a JSON object, found {}", file_, what);
      case At::metadata:
        throw CheckpointError("{}: __metadata__ '{}' must be a string, found {}", file_, key_, what);
      case At::top:
        throw CheckpointError("{}: '{}' must be an object, found {}", file_, key_, what);
      default:
        throw CheckpointError("{}: tensor '{}': {} may not hold {}", file_, tensor_.name, key_, what);
    }
  }

  void finish_tensor() {
    const auto& name = tensor_.name;
    if (!tensor_.type || !has_shape_ || !has_offsets_) {
      throw CheckpointError("{}: tensor '{}': {} is missing", file_, name,
                            !tensor_.type ? "dtype"
                            : !has_shape_ ? "shape"
                                          : "data_offsets");
    }
    if (offsets_.size() != 2) {
      throw CheckpointError("{}: tensor '{}': data_offsets has {} numbers, not 2", file_, name,
                            offsets_.size());
    }
    tensor_.begin = offsets_[0];
    tensor_.end = offsets_[1];
    if (tensor_.end < tensor_.begin) {
      throw CheckpointError("{}: tensor '{}': data_offsets [{}, {}] run backwards", file_, name,
                            tensor_.begin, tensor_.end);
    }
    int64_t bits = tensor_.type->bits;
    bool overflow = false;
    int64_t elements = 1;
    for (int64_t d : tensor_.shape) overflow |= __builtin_mul_overflow(elements, d, &elements);
    overflow |= __builtin_mul_overflow(bits, elements, &bits);
    if (overflow)
      throw CheckpointError("{}: tensor '{}': shape {} overflows", file_, name, to_string(tensor_.shape));
    if (bits % 8 != 0) {
      throw CheckpointError("{}: tensor '{}': {} values of {} do not fill whole bytes", file_, name, elements,
                            tensor_.type->name);
    }
    if (bits / 8 != tensor_.end - tensor_.begin) {
      throw CheckpointError("{}: tensor '{}': shape {} of {} is {} bytes, data_offsets [{}, {}] hold {}",
                            file_, name, to_string(tensor_.shape), tensor_.type->name, bits / 8,
                            tensor_.begin, tensor_.end, tensor_.end - tensor_.begin);
    }
    out_.tensors.push_back(std::move(tensor_));
  }

  static constexpr std::string_view kMetadataKey = "__metadata__";

  SafetensorsHeader& out_;
  const std::string& file_;
  At at_ = At::start;
  std::string key_;
  StoredTensor tensor_;
  Shape offsets_;
  bool has_shape_ = false, has_offsets_ = false;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view start, int64_t file_bytes,
                                           const std::string& file) {
  if (file_bytes < 8)
    throw CheckpointError("{}: truncated: {} bytes, a safetensors file has at least 8", file, file_bytes);
  uint64_t length = 0;
  std::memcpy(&length, start.data(), 8);
  if (length > uint64_t(kMaxHeaderBytes)) {
    throw CheckpointError(
        "{}: header length {} is more than the format's limit of {}; this is not a safetensors file", file,
        length, kMaxHeaderBytes);
  }
  if (int64_t(length) > file_bytes - 8) {
    throw CheckpointError("{}: truncated: the header is {} bytes, the file {}", file, length, file_bytes);
  }
  const std::string_view text = start.substr(8, length);
  if (text.empty() || text[0] != '{') throw CheckpointError("{}: the header does not begin with '{{'", file);

  SafetensorsHeader header;
  header.data_begin = 8 + int64_t(length);
  HeaderEvents events(header, file);
  parse_json_events(text, events, file);

  auto& tensors = header.tensors;
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  int64_t at = 0;
  for (const auto& t : tensors) {
    if (t.begin != at) {
      throw CheckpointError(
          "{}: tensor '{}' begins at byte {} of the data, the one before it ends at {} ({})", file, t.name,
          t.begin, at, t.begin < at ? "overlap" : "hole");
    }
    at = t.end;
  }
  const int64_t data_bytes = file_bytes - header.data_begin;
  if (at != data_bytes) {
    const std::string last = tensors.empty() ? "no tensor" : "the last tensor '" + tensors.back().name + "'";
    throw CheckpointError("{}: {}: the data area has {} bytes, {} ends at {}", file,
                          data_bytes < at ? "truncated" : "bytes left over", data_bytes, last, at);
  }
  return header;
}

}  // namespace genesis::models
