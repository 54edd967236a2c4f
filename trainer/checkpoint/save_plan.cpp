#include "trainer/checkpoint/save_plan.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "models/safetensors/stored_type.h"

namespace genesis::trainer {
namespace {

using Json = nlohmann::ordered_json;

/// A box that some ranks hold alike.
struct SharedBox {
  Box box;
  std::vector<int> holders;
};

std::vector<SharedBox> distinct_boxes(const TensorHolders& t) {
  std::map<std::pair<Shape, Shape>, std::vector<int>> holders;
  for (size_t rank = 0; rank < t.boxes.size(); ++rank)
    for (const Box& b : t.boxes[rank])
      if (b.numel() > 0) holders[{b.start, b.extent}].push_back(int(rank));
  std::vector<SharedBox> shared;
  std::vector<Box> boxes;
  for (const auto& [key, ranks] : holders) {
    boxes.push_back({key.first, key.second});
    shared.push_back({boxes.back(), ranks});
  }
  GENESIS_CHECK(tiles(boxes, t.shape), "the parts that ranks own of tensor '", t.name, "' do not tile shape ",
                to_string(t.shape));
  return shared;
}

int64_t bytes_of(const TensorHolders& t, const Box& box) { return box.numel() * size_of(t.dtype); }

bool has(const std::vector<int>& ranks, int rank) {
  return std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
}

/// Lays the slices out behind one another, widest type first, and writes the header.
void finish_file(PlannedFile& file, const std::vector<TensorHolders>& tensors) {
  std::stable_sort(file.slices.begin(), file.slices.end(), [&](const PlannedSlice& a, const PlannedSlice& b) {
    return models::alignment_rank(models::stored_type_of(tensors[a.tensor].dtype)) >
           models::alignment_rank(models::stored_type_of(tensors[b.tensor].dtype));
  });
  Json header{{"__metadata__", {{"format", "pt"}}}};
  for (PlannedSlice& s : file.slices) {
    s.offset = file.data_bytes;
    file.data_bytes += bytes_of(tensors[s.tensor], s.box);
    header[s.key] = {{"dtype", models::stored_type_of(tensors[s.tensor].dtype).name},
                     {"shape", s.box.extent},
                     {"data_offsets", {s.offset, file.data_bytes}}};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const uint64_t length = text.size();
  file.head.resize(8);
  std::memcpy(file.head.data(), &length, 8);
  file.head += text;
}

class Planner {
 public:
  Planner(const std::vector<TensorHolders>& tensors, int ranks, const SavePlanOptions& options)
      : tensors_(tensors),
        ranks_(ranks),
        options_(options),
        load_(size_t(ranks), 0),
        moments_(size_t(ranks)) {}

  SavePlan plan() {
    place_weights();
    for (size_t i = 0; i < tensors_.size(); ++i)
      if (!tensors_[i].weight) place_moment(i);
    add_moment_files();
    for (PlannedFile& f : plan_.files) finish_file(f, tensors_);
    return std::move(plan_);
  }

 private:
  void place_weights() {
    int64_t total = 0;
    for (const TensorHolders& t : tensors_)
      if (t.weight) total += bytes_of(t, whole_box(t.shape));
    const int64_t writers =
        std::clamp<int64_t>(total / std::max<int64_t>(1, options_.least_weight_bytes), 1, ranks_);
    const int64_t share = (total + writers - 1) / writers;
    int64_t placed = 0;
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (!tensors_[i].weight) continue;
      const int64_t bytes = bytes_of(tensors_[i], whole_box(tensors_[i].shape));
      const int64_t turn = share == 0 ? 0 : std::min(placed / share, writers - 1);
      const int writer = int(turn * ranks_ / writers);
      if (plan_.files.empty() || plan_.files.back().writer != writer ||
          held_in_last_ + bytes > options_.most_shard_bytes) {
        plan_.files.push_back({.writer = writer});
        held_in_last_ = 0;
      }
      held_in_last_ += bytes;
      placed += bytes;
      load_[size_t(writer)] += bytes;
      plan_.files.back().slices.push_back(weight_slice(i, writer));
    }
    name_weight_files(total);
  }

  PlannedSlice weight_slice(size_t i, int writer) const {
    PlannedSlice slice{.tensor = i, .key = tensors_[i].name, .box = whole_box(tensors_[i].shape)};
    for (const SharedBox& b : distinct_boxes(tensors_[i]))
      slice.parts.push_back(
          {b.box, has(b.holders, writer) ? writer : b.holders[size_t(writer) % b.holders.size()]});
    return slice;
  }

  void name_weight_files(int64_t total) {
    const size_t n = plan_.files.size();
    if (n == 1) plan_.files[0].name = "model.safetensors";
    if (n <= 1) return;
    Json map = Json::object();
    for (size_t i = 0; i < n; ++i) {
      plan_.files[i].name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, n);
      for (const PlannedSlice& s : plan_.files[i].slices) map[s.key] = plan_.files[i].name;
    }
    plan_.index = Json{{"metadata", {{"total_size", total}}}, {"weight_map", map}}.dump(2) + "\n";
  }

  /// Large parts are cut at rows among their holders, the rest goes to the holder that has least to write.
  void place_moment(size_t i) {
    const TensorHolders& t = tensors_[i];
    for (const SharedBox& b : distinct_boxes(t)) {
      const auto parts = int64_t(b.holders.size());
      if (parts == 1 || bytes_of(t, b.box) < kLeastCutBytes || b.box.extent[0] < parts) {
        add_moment(i, b.box, least_loaded(b.holders));
        continue;
      }
      for (int64_t p = 0; p < parts; ++p) {
        Box cut = b.box;
        const int64_t begin = b.box.extent[0] * p / parts, end = b.box.extent[0] * (p + 1) / parts;
        cut.start[0] += begin;
        cut.extent[0] = end - begin;
        add_moment(i, cut, b.holders[size_t(p)]);
      }
    }
  }

  int least_loaded(const std::vector<int>& among) const {
    return *std::min_element(among.begin(), among.end(),
                             [&](int a, int b) { return load_[size_t(a)] < load_[size_t(b)]; });
  }

  void add_moment(size_t i, const Box& box, int writer) {
    const TensorHolders& t = tensors_[i];
    std::string key = t.name;
    if (box != whole_box(t.shape)) {
      key += '@';
      for (size_t d = 0; d < box.start.size(); ++d) key += (d ? "," : "") + std::to_string(box.start[d]);
    }
    load_[size_t(writer)] += bytes_of(t, box);
    moments_[size_t(writer)].push_back(
        {.tensor = i, .key = std::move(key), .box = box, .parts = {{box, writer}}});
  }

  void add_moment_files() {
    const auto n = std::count_if(moments_.begin(), moments_.end(), [](auto& m) { return !m.empty(); });
    int number = 0;
    for (int rank = 0; rank < ranks_; ++rank) {
      if (moments_[size_t(rank)].empty()) continue;
      ++number;
      plan_.files.push_back({.name = n == 1 ? "optimizer.safetensors"
                                            : fmt::format("optimizer-{:05}-of-{:05}.safetensors", number, n),
                             .writer = rank,
                             .slices = std::move(moments_[size_t(rank)])});
    }
  }

  static constexpr int64_t kLeastCutBytes = int64_t{4} << 20;

  const std::vector<TensorHolders>& tensors_;
  int ranks_;
  SavePlanOptions options_;
  std::vector<int64_t> load_;                       // [ranks] bytes
  std::vector<std::vector<PlannedSlice>> moments_;  // [ranks]
  int64_t held_in_last_ = 0;                        // bytes in the last file of weights
  SavePlan plan_;
};

}  // namespace

int64_t SavePlan::bytes() const {
  int64_t sum = int64_t(index.size());
  for (const PlannedFile& f : files) sum += int64_t(f.head.size()) + f.data_bytes;
  return sum;
}

int64_t SavePlan::data_bytes_of(int rank) const {
  int64_t sum = 0;
  for (const PlannedFile& f : files)
    if (f.writer == rank) sum += f.data_bytes;
  return sum;
}

SavePlan plan_save(const std::vector<TensorHolders>& tensors, int ranks, const SavePlanOptions& options) {
  return Planner(tensors, ranks, options).plan();
}

std::vector<TensorHolders> gather_holders(const std::vector<HeldTensor>& held,
                                          parallel::Communicator& ranks) {
  // A rank's message: for each tensor the number of owned parts, then start and extent of each.
  std::vector<int64_t> own;
  for (const HeldTensor& t : held) {
    own.push_back(std::count_if(t.parts.begin(), t.parts.end(), [](auto& p) { return p.owned; }));
    for (const HeldPart& p : t.parts) {
      if (!p.owned) continue;
      own.insert(own.end(), p.box.start.begin(), p.box.start.end());
      own.insert(own.end(), p.box.extent.begin(), p.box.extent.end());
    }
  }
  const int64_t longest = ranks.all_reduce_value(int64_t(own.size()), parallel::ReduceOp::max);
  own.resize(size_t(longest), 0);
  const Array all = Array::zeros({ranks.size(), longest}, DType::i64);
  ranks.all_gather(Array::from(own, {longest}), all);
  std::vector<TensorHolders> holders;
  for (const HeldTensor& t : held)
    holders.push_back(
        {t.name, t.dtype, t.shape, t.weight, std::vector<std::vector<Box>>(size_t(ranks.size()))});
  for (int r = 0; r < ranks.size(); ++r) {
    const int64_t* at = all.data<int64_t>() + r * longest;
    for (TensorHolders& t : holders) {
      const size_t dims = t.shape.size();
      for (int64_t n = *at++; n > 0; --n, at += 2 * dims)
        t.boxes[size_t(r)].push_back({Shape(at, at + dims), Shape(at + dims, at + 2 * dims)});
    }
  }
  return holders;
}

}  // namespace genesis::trainer
