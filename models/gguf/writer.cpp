#include "models/gguf/writer.h"

#include <cmath>
#include <cstring>

#include "models/safetensors/convert.h"
#include "models/safetensors/durable_file.h"
#include "models/safetensors/mapped_file.h"

namespace genesis::models {
namespace {

constexpr uint64_t kAlignment = 32;
// value types of keys, and of tensors, in the file
constexpr uint32_t kUint32 = 4, kInt32 = 5, kFloat32 = 6, kBool = 7, kString = 8, kArray = 9;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void put_text(std::string& out, std::string_view text) {
  put(out, uint64_t(text.size()));
  out += text;
}

uint32_t tensor_type(DType dtype) { return dtype == DType::f32 ? 0 : dtype == DType::f16 ? 1 : 30; }

uint64_t aligned(uint64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

/// The tensor's bytes as the file holds them.
Array stored_values(const GgufTensor& t) {
  const Array values = t.values();
  GENESIS_CHECK(values.shape() == t.shape && values.is_contiguous(), "gguf: tensor '", t.name, "' is ",
                to_string(values.shape()), ", declared ", to_string(t.shape));
  if (values.dtype() == t.dtype) return values;
  const Array stored = Array::empty(t.shape, t.dtype);
  convert_values(values.raw(), values.dtype(), stored.raw(), t.dtype, values.numel());
  if (t.dtype == DType::f16)
    for (int64_t i = 0; i < stored.numel(); ++i)
      if (!std::isfinite(float(stored.data<f16>()[i])))
        throw NumericsError(
            "tensor '{}' holds a value that f16 cannot (largest 65504); bf16 has the range of f32", t.name);
  return stored;
}

}  // namespace

void GgufKeys::begin(std::string_view key, uint32_t type) {
  put_text(bytes_, key);
  put(bytes_, type);
  ++count_;
}
void GgufKeys::add(std::string_view key, uint32_t value) { begin(key, kUint32), put(bytes_, value); }
void GgufKeys::add(std::string_view key, float value) { begin(key, kFloat32), put(bytes_, value); }
void GgufKeys::add(std::string_view key, bool value) { begin(key, kBool), put(bytes_, uint8_t(value)); }
void GgufKeys::add(std::string_view key, std::string_view value) {
  begin(key, kString), put_text(bytes_, value);
}
void GgufKeys::add(std::string_view key, const std::vector<std::string>& values) {
  begin(key, kArray);
  put(bytes_, kString);
  put(bytes_, uint64_t(values.size()));
  for (const auto& v : values) put_text(bytes_, v);
}
void GgufKeys::add(std::string_view key, const std::vector<int32_t>& values) {
  begin(key, kArray);
  put(bytes_, kInt32);
  put(bytes_, uint64_t(values.size()));
  for (const int32_t v : values) put(bytes_, v);
}

int64_t write_gguf(const std::filesystem::path& path, const GgufKeys& keys,
                   const std::vector<GgufTensor>& tensors) {
  std::string head = "GGUF";
  put(head, uint32_t(3));
  put(head, uint64_t(tensors.size()));
  put(head, keys.count());
  head += keys.bytes();
  uint64_t offset = 0;
  std::vector<uint64_t> offsets;
  for (const auto& t : tensors) {
    put_text(head, t.name);
    put(head, uint32_t(t.shape.size()));
    for (size_t i = t.shape.size(); i-- > 0;) put(head, uint64_t(t.shape[i]));
    put(head, tensor_type(t.dtype));
    put(head, offset);
    offsets.push_back(offset);
    offset = aligned(offset + uint64_t(numel_of(t.shape) * size_of(t.dtype)));
  }
  head.resize(aligned(head.size()), '\0');
  const int64_t total = int64_t(head.size() + offset);
  DurableFile file(path);
  file.reserve(total);
  file.write_at(0, head.data(), int64_t(head.size()));
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Array stored = stored_values(tensors[i]);
    file.write_at(int64_t(head.size() + offsets[i]), stored.raw(), stored.nbytes());
  }
  const char zeros[kAlignment] =
      {};  // a file system that cannot reserve ends the file with its last byte written
  const int64_t end = tensors.empty() ? 0
                                      : int64_t(offsets.back()) +
                                            numel_of(tensors.back().shape) * size_of(tensors.back().dtype);
  file.write_at(int64_t(head.size()) + end, zeros, int64_t(offset) - end);
  file.publish();

  const MappedFile back(path);
  if (back.bytes().size() != size_t(total) || back.bytes().substr(0, head.size()) != head)
    throw CheckpointError("{}: the header read back differs", path.string());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Array stored = stored_values(tensors[i]);
    if (std::memcmp(back.bytes().data() + head.size() + offsets[i], stored.raw(), size_t(stored.nbytes())) !=
        0)
      throw CheckpointError("{}: tensor '{}' read back differs", path.string(), tensors[i].name);
  }
  return total;
}

}  // namespace genesis::models
