#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "models/safetensors/header.h"

namespace genesis::models {

/// Takes the JSON events of a safetensors header and fills `out` with its tensors and metadata, in the order
/// of the text. What Strictness::lenient lets pass is told in out.warnings. Errors: CheckpointError naming
/// `file` and the tensor.
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderEvents(SafetensorsHeader& out, const std::string& file, Strictness strictness)
      : out_(out), file_(file), lenient_(strictness == Strictness::lenient) {}

  bool null() override;
  bool boolean(bool) override { return skips_value() || refuse("a boolean"); }
  bool number_integer(number_integer_t) override { return skips_value() || refuse("a negative number"); }
  bool number_unsigned(number_unsigned_t value) override;
  bool number_float(number_float_t, const string_t& s) override {
    return skips_value() || refuse("the number " + s);
  }
  bool string(string_t& value) override;
  bool binary(binary_t&) override { return refuse("binary data"); }
  bool start_object(size_t) override;
  bool key(string_t& name) override;
  bool end_object() override;
  bool start_array(size_t) override;
  bool end_array() override;
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

  /// Whether a key that stands twice in one object may pass: the last one counts.
  bool passes_repeated(int depth, const std::string& key);

 private:
  /// Where in the header's fixed three-level shape the parser stands. dtype_object: inside {"F32": null}.
  enum class At { start, top, metadata, tensor, dtype_object, shape, offsets, done };

  [[noreturn]] bool refuse(const std::string& what) const;
  /// Lets something pass that the format forbids, or refuses it.
  bool pass(std::string_view about, std::string_view what);
  void begin_tensor();
  void set_dtype(const std::string& name);
  /// In a tensor written as a list: the next field's turn.
  void field_done();
  void finish_tensor();
  /// Inside the value of an unknown field: nothing of it is looked at.
  bool skips_value();
  bool skips_open() { return skipping_ >= 0 && ++skipping_ > 0; }
  bool skips_close();

  SafetensorsHeader& out_;
  const std::string& file_;
  bool lenient_;
  At at_ = At::start;
  std::string key_;
  StoredTensor tensor_;
  Shape offsets_;
  bool has_shape_ = false, has_offsets_ = false;
  int list_field_ = -1;  // field of a tensor that is written as a list
  int skipping_ = -1;    // containers open in a value that is passed over; 0: the value is to come
};

}  // namespace genesis::models
