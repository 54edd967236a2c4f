#include "trainer/checkpoint/load_state.h"

#include <string>
#include <unordered_map>

#include "kernels/core/log.h"
#include "models/safetensors/convert.h"
#include "trainer/checkpoint/refusal.h"

namespace genesis::trainer {
namespace {

/// Copies `box` out of the row-major bytes of `outer`.
void read_box(std::string_view bytes, DType from, const Box& outer, const Box& box, const Array& into) {
  const int64_t columns = box.extent.size() < 2 ? 1 : box.extent[1];
  const int64_t outer_columns = box.extent.size() < 2 ? 1 : outer.extent[1];
  const int64_t first_row = box.extent.empty() ? 0 : box.start[0] - outer.start[0];
  const int64_t first_column = box.extent.size() < 2 ? 0 : box.start[1] - outer.start[1];
  const int64_t rows = box.extent.empty() ? 1 : box.extent[0];
  const auto source = [&](int64_t row) {
    return bytes.data() + ((first_row + row) * outer_columns + first_column) * size_of(from);
  };
  if (into.is_contiguous() && columns == outer_columns)
    return models::convert_values(source(0), from, into.raw(), into.dtype(), rows * columns);
  for (int64_t r = 0; r < rows; ++r)
    models::convert_values(source(r), from,
                           static_cast<char*>(into.raw()) + r * into.strides()[0] * size_of(into.dtype()),
                           into.dtype(), columns);
}

/// The same into values that may lie on a card, or in parts.
void read_box(std::string_view bytes, DType from, const Box& outer, const Box& box, const HeldValues& into) {
  const Array& plain = into.plain();
  if (plain.defined() && plain.device() == Device::cpu) return read_box(bytes, from, outer, box, plain);
  const Array host = Array::empty(into.shape(), into.dtype());
  read_box(bytes, from, outer, box, host);
  into.write(host);
}

HeldValues part_of(const HeldPart& part, const Box& box) {
  HeldValues values = part.values;
  for (size_t d = 0; d < box.start.size(); ++d) {
    const int64_t first = box.start[d] - part.box.start[d];
    values = values.slice(int64_t(d), first, first + box.extent[d]);
  }
  return values;
}

std::unordered_map<std::string_view, const ManifestTensor*> tensors_of(const Manifest& manifest) {
  std::unordered_map<std::string_view, const ManifestTensor*> by_name;
  for (const ManifestTensor& t : manifest.tensors) by_name.emplace(t.name, &t);
  return by_name;
}

}  // namespace

void check_same_model(const StoredCheckpoint& stored, const std::vector<HeldTensor>& held) {
  auto left = tensors_of(stored.manifest());
  std::string first;
  int64_t differences = 0;
  const auto differs = [&](const std::string& what) {
    if (differences++ == 0) first = what;
  };
  for (const HeldTensor& t : held) {
    const auto found = left.find(t.name);
    if (found == left.end()) {
      differs(fmt::format("it has no tensor '{}'", t.name));
      continue;
    }
    if (found->second->shape != t.shape)
      differs(fmt::format("its tensor '{}' has shape {}, this model's {}", t.name,
                          to_string(found->second->shape), to_string(t.shape)));
    left.erase(found);
  }
  for (const ManifestTensor& t : stored.manifest().tensors)
    if (left.contains(t.name)) differs(fmt::format("this model has no tensor '{}'", t.name));
  if (differences == 0) return;
  throw CheckpointRefused("{}: is of another model: {}{}", stored.path(), first,
                          differences > 1 ? fmt::format(" ({} differences in all)", differences) : "");
}

void load_state(StoredCheckpoint& stored, const std::vector<HeldTensor>& held) {
  const auto by_name = tensors_of(stored.manifest());
  bool told = false;
  for (const HeldTensor& t : held) {
    const ManifestTensor& from = *by_name.at(t.name);
    if (from.dtype != t.dtype && !std::exchange(told, true))
      warn("{}: tensor '{}' is stored as {} and read as {}: the run does not go on bit for bit",
           stored.path(), t.name, name_of(from.dtype), name_of(t.dtype));
    for (const ManifestSlice& s : from.slices) {
      std::string_view bytes;
      for (const HeldPart& part : t.parts) {
        const auto common = intersection(s.box, part.box);
        if (!common) continue;
        if (bytes.empty()) bytes = stored.slice(from, s);
        read_box(bytes, from.dtype, s.box, *common, part_of(part, *common));
      }
    }
  }
}

}  // namespace genesis::trainer
