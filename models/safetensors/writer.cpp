#include "models/safetensors/writer.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "kernels/core/transfer.h"
#include "models/safetensors/convert.h"
#include "models/safetensors/durable_file.h"

namespace genesis::models {
namespace {

using Json = nlohmann::ordered_json;

/// Values converted at a time when the dtype changes: 64 MiB of f32.
constexpr int64_t kConvertChunk = 1 << 24;

struct Slot {
  TensorToWrite tensor;
  int64_t offset = 0;  // bytes from the start of the file
  bool written = false;
};

}  // namespace

struct SafetensorsWriter::State {
  State(const std::filesystem::path& target) : path(target), file(target) {}

  std::filesystem::path path;
  DurableFile file;
  std::unordered_map<std::string, Slot> slots;
};

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                                     const Metadata& metadata)
    : state_(std::make_unique<State>(path)) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorToWrite& a, const TensorToWrite& b) {
    const int ra = alignment_rank(stored_type_of(a.dtype)), rb = alignment_rank(stored_type_of(b.dtype));
    return ra != rb ? ra > rb : a.name < b.name;
  });
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t at = 0;
  for (auto& t : tensors) {
    GENESIS_CHECK(!state_->slots.contains(t.name), "tensor '", t.name, "' is declared twice for ",
                  path.string());
    header[t.name] = {
        {"dtype", stored_type_of(t.dtype).name}, {"shape", t.shape}, {"data_offsets", {at, at + t.nbytes()}}};
    const int64_t bytes = t.nbytes();
    const std::string name = t.name;
    state_->slots.emplace(name, Slot{std::move(t), at, false});
    at += bytes;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // the format asks for a header of whole 8-byte words
  const uint64_t length = text.size();
  GENESIS_CHECK(int64_t(length) <= kMaxHeaderBytes, "the header of ", path.string(), " would be ", length,
                " bytes");
  const int64_t data_begin = 8 + int64_t(length);
  for (auto& [name, slot] : state_->slots) slot.offset += data_begin;
  state_->file.reserve(data_begin + at);
  state_->file.write_at(0, &length, 8);
  state_->file.write_at(8, text.data(), int64_t(length));
}

SafetensorsWriter::~SafetensorsWriter() = default;
SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&&) noexcept = default;

void SafetensorsWriter::write(std::string_view name, const Array& given) {
  const Array values = given.is_contiguous() ? on_device(given, Device::cpu) : given;
  const auto it = state_->slots.find(std::string(name));
  GENESIS_CHECK(it != state_->slots.end(), "tensor '", name, "' was not declared for ",
                state_->path.string());
  Slot& slot = it->second;
  GENESIS_CHECK(!slot.written, "tensor '", name, "' is written twice to ", state_->path.string());
  GENESIS_CHECK(values.shape() == slot.tensor.shape, "tensor '", name, "' has shape ",
                to_string(values.shape()), ", declared as ", to_string(slot.tensor.shape));
  GENESIS_CHECK(values.device() == Device::cpu && values.is_contiguous(), "tensor '", name,
                "' must be contiguous on the CPU");
  const DType from = values.dtype(), to = slot.tensor.dtype;
  if (from == to || values.numel() == 0) {
    state_->file.write_at(slot.offset, values.raw(), values.nbytes());
  } else {
    const int64_t n = values.numel(), chunk = std::min(n, kConvertChunk);
    std::vector<char> buffer(size_t(chunk * size_of(to)));  // [chunk]
    for (int64_t i = 0; i < n; i += chunk) {
      const int64_t count = std::min(chunk, n - i);
      convert_values(static_cast<const char*>(values.raw()) + i * size_of(from), from, buffer.data(), to,
                     count);
      state_->file.write_at(slot.offset + i * size_of(to), buffer.data(), count * size_of(to));
    }
  }
  slot.written = true;
}

void SafetensorsWriter::finish() {
  for (const auto& [name, slot] : state_->slots) {
    GENESIS_CHECK(slot.written, "tensor '", name, "' was declared for ", state_->path.string(),
                  " and never written");
  }
  state_->file.publish();
}

}  // namespace genesis::models
