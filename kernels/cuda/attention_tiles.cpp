#include "kernels/cuda/attention_tiles.h"

#include <algorithm>

#include "kernels/core/transfer.h"
#include "kernels/cpu/attention_plan.h"

namespace genesis::kernels::cuda {
namespace {

/// Tiles of `size` rows; `late_first`: the last queries see the most keys, the first keys are seen by most
/// queries.
Array tiles_of(const std::vector<int64_t>& lengths, int64_t size, bool late_first) {
  std::vector<std::pair<int64_t, AttentionTile>> tiles;
  for (size_t s = 0; s < lengths.size(); ++s) {
    for (int64_t first = 0; first < lengths[s]; first += size)
      tiles.push_back({late_first ? first : lengths[s] - first, {int32_t(s), int32_t(first)}});
  }
  std::stable_sort(tiles.begin(), tiles.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<int32_t> flat;
  for (const auto& [cost, tile] : tiles) {
    flat.push_back(tile.sequence);
    flat.push_back(tile.first);
  }
  return on_device(Array::from(flat, {int64_t(tiles.size()), 2}), Device::cuda);
}

struct Kept {
  AttentionBatch batch;
  std::vector<int32_t> begin, length;  // what it was made for
};

std::vector<int32_t> values(const Array& a) {
  return a.numel() > 0 ? std::vector<int32_t>(a.data<int32_t>(), a.data<int32_t>() + a.numel())
                       : std::vector<int32_t>();
}

}  // namespace

AttentionBatch attention_batch(const char* op, const Array& cu_q, const Array& k_begin, const Array& k_length,
                               int64_t q_rows, int64_t k_rows, int64_t query_tile, int64_t key_tile) {
  const Array cu = on_device(cu_q, Device::cpu), begin = on_device(k_begin, Device::cpu),
              length = on_device(k_length, Device::cpu);
  const auto make = [&] {
    auto kept = std::make_shared<Kept>();
    std::vector<int64_t> queries, keys;
    for (const auto& s : cpu::read_sequences(op, cu, begin, length, q_rows, k_rows)) {
      queries.push_back(s.q_length);
      keys.push_back(s.k_length);
    }
    MemoryScope scope(MemoryCategory::workspace);
    kept->batch = {on_device(cu, Device::cuda), on_device(begin, Device::cuda),
                   on_device(length, Device::cuda), tiles_of(queries, query_tile, true),
                   tiles_of(keys, key_tile, false)};
    kept->begin = values(begin);
    kept->length = values(length);
    return kept;
  };
  if (cu.storage_offset() != 0) return make()->batch;
  const std::string key = fmt::format("attention.{}.{}.{}.{}", query_tile, key_tile, q_rows, k_rows);
  auto kept = cu.storage().derived<Kept>(key, make);
  if (kept->begin != values(begin) || kept->length != values(length)) return make()->batch;
  return kept->batch;
}

}  // namespace genesis::kernels::cuda
