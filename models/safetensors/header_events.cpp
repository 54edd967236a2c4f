#include "models/safetensors/header_events.h"

#include <limits>

#include "kernels/core/error.h"

namespace genesis::models {
namespace {

constexpr std::string_view kMetadataKey = "__metadata__";
/// The name as a message can show it.
std::string without_nul(std::string name) {
  for (char& c : name)
    if (c == '\0') c = '?';
  return name;
}

constexpr const char* kFields[] = {"dtype", "shape", "data_offsets"};

}  // namespace

bool HeaderEvents::null() {
  if (skips_value()) return true;
  if (at_ == At::top && key_ == kMetadataKey) return true;  // "__metadata__": null is an empty object
  if (at_ == At::dtype_object && tensor_.type) return true;
  refuse("null");
}

bool HeaderEvents::number_unsigned(number_unsigned_t v) {
  if (skips_value()) return true;
  if (at_ != At::shape && at_ != At::offsets) refuse("a number");
  if (v > uint64_t(std::numeric_limits<int64_t>::max())) {
    throw CheckpointError("{}: tensor '{}': {} holds {}, which is out of range", file_, tensor_.name, key_,
                          v);
  }
  (at_ == At::shape ? tensor_.shape : offsets_).push_back(int64_t(v));
  return true;
}

bool HeaderEvents::string(string_t& v) {
  if (skips_value()) return true;
  if (at_ == At::metadata) {
    out_.metadata[key_] = v;
  } else if (at_ == At::tensor && key_ == "dtype") {
    set_dtype(v);
    field_done();
  } else {
    refuse("a string");
  }
  return true;
}

bool HeaderEvents::start_object(size_t) {
  if (skips_open()) return true;
  if (at_ == At::start) {
    at_ = At::top;
  } else if (at_ == At::top && key_ == kMetadataKey) {
    at_ = At::metadata;
  } else if (at_ == At::top) {
    begin_tensor();
  } else if (lenient_ && at_ == At::tensor && key_ == "dtype") {
    pass(tensor_.name, "its dtype is written as an object");
    at_ = At::dtype_object;
  } else {
    refuse("an object");
  }
  return true;
}

bool HeaderEvents::key(string_t& v) {
  if (skipping_ > 0) return true;
  if (at_ == At::dtype_object) {
    if (tensor_.type) refuse("two names");
    set_dtype(v);
    return true;
  }
  if (at_ == At::top && (v.find('\0') != std::string::npos || v.find("../") != std::string::npos)) {
    if (!lenient_) throw CheckpointError("{}: a tensor name holds NUL or '../'", file_);
    pass(without_nul(v), "its name holds NUL or '../'");
  }
  if (at_ == At::tensor && v != kFields[0] && v != kFields[1] && v != kFields[2]) {
    if (!lenient_)
      throw CheckpointError("{}: tensor '{}': the field '{}' is unknown", file_, tensor_.name, v);
    pass(tensor_.name, fmt::format("the field '{}' is unknown", v));
    skipping_ = 0;
  }
  key_ = v;
  return true;
}

bool HeaderEvents::end_object() {
  if (skips_close()) return true;
  if (at_ == At::dtype_object) {
    if (!tensor_.type) refuse("an empty object");
    at_ = At::tensor;
    key_ = kFields[0];
    field_done();
  } else if (at_ == At::tensor) {
    finish_tensor();
    at_ = At::top;
  } else {
    at_ = at_ == At::metadata ? At::top : At::done;
  }
  return true;
}

bool HeaderEvents::start_array(size_t) {
  if (skips_open()) return true;
  if (lenient_ && at_ == At::top && key_ != kMetadataKey) {
    begin_tensor();
    pass(tensor_.name, "it is written as a list");
    list_field_ = 0;
    key_ = kFields[0];
    return true;
  }
  if (at_ != At::tensor || (key_ != kFields[1] && key_ != kFields[2])) refuse("an array");
  at_ = key_ == kFields[1] ? At::shape : At::offsets;
  (at_ == At::shape ? has_shape_ : has_offsets_) = true;
  return true;
}

bool HeaderEvents::end_array() {
  if (skips_close()) return true;
  if (at_ == At::tensor) {  // of a tensor that is written as a list
    list_field_ = -1;
    finish_tensor();
    at_ = At::top;
    return true;
  }
  at_ = At::tensor;
  field_done();
  return true;
}

bool HeaderEvents::passes_repeated(int depth, const std::string& key) {
  const bool name = depth == 1 && key != kMetadataKey;
  if (!lenient_ || !(name || at_ == At::metadata || skipping_ > 0)) return false;
  if (name) return pass(key, "its name stands twice in the header; the last one counts");
  return skipping_ > 0 || pass(key, "a key that stands twice in __metadata__; the last one counts");
}

bool HeaderEvents::refuse(const std::string& what) const {
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

bool HeaderEvents::pass(std::string_view about, std::string_view what) {
  out_.warnings.push_back(fmt::format("{}: '{}': {}", file_, about, what));
  return true;
}

void HeaderEvents::begin_tensor() {
  at_ = At::tensor;
  tensor_ = {};
  tensor_.name = key_;
  offsets_.clear();
  has_shape_ = has_offsets_ = false;
}

void HeaderEvents::set_dtype(const std::string& name) {
  tensor_.type = find_stored_type(name);
  if (!tensor_.type)
    throw CheckpointError("{}: tensor '{}': dtype '{}' is unknown", file_, tensor_.name, name);
}

void HeaderEvents::field_done() {
  if (list_field_ < 0) return;
  ++list_field_;
  key_ = list_field_ < 3 ? kFields[list_field_] : "a fourth value";
}

bool HeaderEvents::skips_value() {
  if (skipping_ == 0) {
    skipping_ = -1;
    return true;
  }
  return skipping_ > 0;
}

bool HeaderEvents::skips_close() {
  if (skipping_ <= 0) return false;
  if (--skipping_ == 0) skipping_ = -1;
  return true;
}

void HeaderEvents::finish_tensor() {
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
    throw CheckpointError("{}: tensor '{}': data_offsets [{}, {}] run backwards", file_, name, tensor_.begin,
                          tensor_.end);
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
    throw CheckpointError("{}: tensor '{}': shape {} of {} is {} bytes, data_offsets [{}, {}] hold {}", file_,
                          name, to_string(tensor_.shape), tensor_.type->name, bits / 8, tensor_.begin,
                          tensor_.end, tensor_.end - tensor_.begin);
  }
  out_.tensors.push_back(std::move(tensor_));
}

}  // namespace genesis::models
