#include "models/names/checkpoint_slices.h"

#include <algorithm>
#include <unordered_map>

namespace genesis::models {

std::vector<CheckpointSlice> checkpoint_slices(const QwenConfig& config, Naming naming,
                                               const parallel::TensorSplit& split) {
  std::unordered_map<std::string, parallel::Shard> shards;
  for (auto& p : parameter_layout(config, split)) shards.emplace(p.name, std::move(p.shard));
  std::vector<CheckpointSlice> slices;
  for (const CheckpointTensor& tensor : checkpoint_layout(config, naming)) {
    for (const parallel::ShardPiece& piece : shards.at(tensor.parameter).pieces) {
      const int64_t begin = std::max(piece.start[0], tensor.row_begin),
                    end = std::min(piece.start[0] + piece.extent[0], tensor.row_end);
      if (begin >= end) continue;
      CheckpointSlice slice{tensor.name,      tensor.shape, piece.start, piece.extent,
                            tensor.parameter, piece.local,  piece.owned};
      slice.local[0] += begin - piece.start[0];
      slice.start[0] = begin - tensor.row_begin;
      slice.extent[0] = end - begin;
      slices.push_back(std::move(slice));
    }
  }
  return slices;
}

Array local_view(const Array& parameter, const CheckpointSlice& slice) {
  Array view = parameter;
  for (size_t d = 0; d < slice.extent.size(); ++d)
    view = view.slice(int64_t(d), slice.local[d], slice.local[d] + slice.extent[d]);
  return view;
}

}  // namespace genesis::models
