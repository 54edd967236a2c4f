#include "kernels/cuda/attention_tiles.h"

#include <algorithm>
#include <functional>

#include "kernels/core/transfer.h"
#include "kernels/cpu/attention_plan.h"

namespace genesis::kernels::cuda {
namespace {

struct Kept {
  AttentionBatch batch;
  Array all;                           // i32 on the card: what `batch` views, one behind the other
  std::vector<int32_t> begin, length;  // what it was made for
  bool same_rows = false;
};

/// How many rows and tiles there may be.
struct Sizes {
  int64_t q_rows, k_rows, query_tile, key_tile;
  bool same_rows;  // each sequence attends itself: the number of tiles does not follow the lengths
};

/// Tiles of `size` rows; `late_first`: the last queries see the most keys, the first keys are seen by most
/// queries. At least `count` of them, the last ones empty.
void append_tiles(std::vector<int32_t>& flat, const std::vector<int64_t>& lengths, int64_t size,
                  bool late_first, int64_t count) {
  std::vector<std::pair<int64_t, AttentionTile>> tiles;
  for (size_t s = 0; s < lengths.size(); ++s) {
    for (int64_t first = 0; first < lengths[s]; first += size)
      tiles.push_back({late_first ? first : lengths[s] - first, {int32_t(s), int32_t(first)}});
  }
  std::stable_sort(tiles.begin(), tiles.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  tiles.resize(std::max(tiles.size(), size_t(count)), {0, {-1, 0}});
  for (const auto& [cost, tile] : tiles) {
    flat.push_back(tile.sequence);
    flat.push_back(tile.first);
  }
}

std::vector<int32_t> values(const Array& a) {
  return a.numel() > 0 ? std::vector<int32_t>(a.data<int32_t>(), a.data<int32_t>() + a.numel())
                       : std::vector<int32_t>();
}

bool holds(const Array& a, const std::vector<int32_t>& wanted) {
  return size_t(a.numel()) == wanted.size() &&
         (wanted.empty() || std::equal(wanted.begin(), wanted.end(), a.data<int32_t>()));
}

/// Writes what is kept: to the card in one copy, where it lies when it lies there already.
void fill(Kept& kept, const char* op, const Array& cu, const Array& begin, const Array& length,
          const Sizes& n) {
  std::vector<int64_t> queries, keys;
  for (const auto& s : cpu::read_sequences(op, cu, begin, length, n.q_rows, n.k_rows)) {
    queries.push_back(s.q_length);
    keys.push_back(s.k_length);
  }
  kept.begin = values(begin);
  kept.length = values(length);
  if (kept.same_rows != n.same_rows) kept.all = Array();  // of another size
  kept.same_rows = n.same_rows;
  std::vector<int32_t> flat = values(cu);
  flat.insert(flat.end(), kept.begin.begin(), kept.begin.end());
  flat.insert(flat.end(), kept.length.begin(), kept.length.end());
  const auto sequences = int64_t(queries.size()), first_tile = int64_t(flat.size());
  append_tiles(flat, queries, n.query_tile, true, n.same_rows ? n.q_rows / n.query_tile + sequences : 0);
  const auto first_key_tile = int64_t(flat.size());
  append_tiles(flat, keys, n.key_tile, false, n.same_rows ? n.k_rows / n.key_tile + sequences : 0);

  const Array host = Array::from(flat, {int64_t(flat.size())});
  if (kept.all.defined()) return copy_across(host, kept.all);
  MemoryScope scope(MemoryCategory::workspace);
  kept.all = on_device(host, Device::cuda);
  const auto part = [&](int64_t from, int64_t to) { return kept.all.slice(0, from, to); };
  kept.batch = {part(0, sequences + 1), part(sequences + 1, 2 * sequences + 1),
                part(2 * sequences + 1, first_tile), part(first_tile, first_key_tile).view({-1, 2}),
                part(first_key_tile, host.numel()).view({-1, 2})};
}

/// Rows of each sequence.
Array differences(const Array& cu) {
  const Array lengths = Array::empty({cu.numel() - 1}, DType::i32);
  const int32_t* at = cu.data<int32_t>();
  std::transform(at + 1, at + cu.numel(), at, lengths.data<int32_t>(), std::minus<>());
  return lengths;
}

}  // namespace

AttentionBatch attention_batch(const char* op, const Array& cu_q, const Array& k_begin, const Array& k_length,
                               int64_t q_rows, int64_t k_rows, int64_t query_tile, int64_t key_tile) {
  const Array cu = on_device(cu_q, Device::cpu), begin = on_device(k_begin, Device::cpu),
              length = on_device(k_length, Device::cpu);
  Sizes n{q_rows, k_rows, query_tile, key_tile, false};
  const auto make = [&] {
    const std::vector<int32_t> bounds = values(cu);
    n.same_rows = q_rows == k_rows && holds(begin, {bounds.begin(), bounds.end() - 1}) &&
                  holds(length, values(differences(cu)));
    auto kept = std::make_shared<Kept>();
    fill(*kept, op, cu, begin, length, n);
    return kept;
  };
  if (cu.storage_offset() != 0) return make()->batch;
  // A view of the bounds would keep its own storage alive: what is written there later is read by address.
  const auto refresh = [op, n, at = cu.data<int32_t>(), count = cu.numel()](Kept& kept) {
    const Array now = Array::from(std::vector<int32_t>(at, at + count), {count});
    Sizes sizes = n;
    sizes.same_rows = true;
    fill(kept, op, now, now.slice(0, 0, count - 1), differences(now), sizes);
  };
  const std::string key = fmt::format("attention.{}.{}.{}.{}", query_tile, key_tile, q_rows, k_rows);
  auto kept = cu.storage().derived<Kept>(key, make, refresh);
  if (!holds(begin, kept->begin) || !holds(length, kept->length)) return make()->batch;
  return kept->batch;
}

}  // namespace genesis::kernels::cuda
