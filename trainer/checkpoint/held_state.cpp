#include "trainer/checkpoint/held_state.h"

#include <unordered_map>

#include "models/names/checkpoint_layout.h"
#include "parallel/shard.h"
#include "trainer/checkpoint/flat_boxes.h"

namespace genesis::trainer {
namespace {

/// A box of a whole parameter with its values.
struct ParameterPart {
  Box box;
  HeldValues values;
  bool owned = true;
};

/// The state of one parameter on this rank.
struct ParameterState {
  Shape shape;  // of the whole parameter
  std::vector<ParameterPart> weight, first, second;
  DType weight_dtype = DType::f32, moment_dtype = DType::f32;
};

HeldValues sub_array(HeldValues values, const Shape& start, const Shape& extent) {
  for (size_t d = 0; d < start.size(); ++d) values = values.slice(int64_t(d), start[d], start[d] + extent[d]);
  return values;
}

/// Adds the parts of the whole parameter that lie in `local`, a box of this rank's array with these values.
void add_parts(std::vector<ParameterPart>& parts, const parallel::Shard& shard, const Box& local,
               const HeldValues& values) {
  for (const parallel::ShardPiece& piece : shard.pieces) {
    const auto common = intersection(local, {piece.local, piece.extent});
    if (!common) continue;
    ParameterPart part{.box = *common, .values = {}, .owned = piece.owned};
    Shape inner = common->start;
    for (size_t d = 0; d < inner.size(); ++d) {
      part.box.start[d] += piece.start[d] - piece.local[d];
      inner[d] -= local.start[d];
    }
    part.values = sub_array(values, inner, common->extent);
    parts.push_back(std::move(part));
  }
}

/// The same for elements [begin, end) of this rank's array, given as a vector.
void add_flat_parts(std::vector<ParameterPart>& parts, const parallel::Shard& shard, int64_t begin,
                    int64_t end, const HeldValues& values) {
  int64_t at = 0;
  for (const Box& local : flat_boxes(shard.local, begin, end)) {
    add_parts(parts, shard, local, values.slice(0, at, at + local.numel()).view(local.extent));
    at += local.numel();
  }
}

/// The state of every parameter, in the model's order.
std::vector<ParameterState> parameter_states(const nn::Module& model, const optim::AdamW& optimizer) {
  const auto named = model.named_parameters();
  GENESIS_CHECK(named.size() == optimizer.parameters().size(), "the optimizer has ",
                optimizer.parameters().size(), " parameters, the model ", named.size());
  std::vector<ParameterState> states(named.size());
  // A rank may keep nothing of a parameter's moments; all ranks must still know their type.
  const DType moments = optimizer.keeps_masters()    ? DType::f32
                        : optimizer.pieces().empty() ? named.front().second.dtype()
                                                     : optimizer.pieces().front().m.dtype();
  const bool masters = optimizer.keeps_masters();  // what is saved of a weight then lies in pieces alone
  for (const optim::AdamWPiece& piece : optimizer.pieces()) {
    ParameterState& s = states[piece.parameter];
    const auto shard = parallel::shard_of(named[piece.parameter].second);
    add_flat_parts(s.first, shard, piece.begin, piece.end, HeldValues::first_moment(piece));
    add_flat_parts(s.second, shard, piece.begin, piece.end, HeldValues::second_moment(piece));
    if (masters) add_flat_parts(s.weight, shard, piece.begin, piece.end, HeldValues::weight(piece));
  }
  for (size_t i = 0; i < named.size(); ++i) {
    const Tensor& p = named[i].second;
    GENESIS_CHECK(p.impl() == optimizer.parameters()[i].impl(), "the optimizer's parameter ", i, " is not ",
                  named[i].first);
    ParameterState& s = states[i];
    const auto shard = parallel::shard_of(p);
    s.shape = shard.global;
    s.weight_dtype = masters ? moments : p.dtype();
    s.moment_dtype = moments;
    if (!masters) add_parts(s.weight, shard, whole_box(p.shape()), HeldValues(p.value()));
  }
  return states;
}

/// What a stored tensor, rows of a parameter, has of `parts`.
std::vector<HeldPart> rows_of(const std::vector<ParameterPart>& parts,
                              const models::CheckpointTensor& tensor) {
  std::vector<HeldPart> held;
  for (const ParameterPart& part : parts) {
    Box rows = part.box;
    rows.start[0] = tensor.row_begin;
    rows.extent[0] = tensor.row_end - tensor.row_begin;
    const auto common = intersection(part.box, rows);
    if (!common) continue;
    const int64_t first = common->start[0] - part.box.start[0];
    HeldPart h{*common, part.values.slice(0, first, first + common->extent[0]), part.owned};
    h.box.start[0] -= tensor.row_begin;
    held.push_back(std::move(h));
  }
  return held;
}

}  // namespace

std::vector<HeldTensor> held_state(const nn::Module& model, const optim::AdamW& optimizer,
                                   const models::QwenConfig& config, models::Naming naming) {
  const auto named = model.named_parameters();
  const auto states = parameter_states(model, optimizer);
  std::unordered_map<std::string, const ParameterState*> by_name;
  for (size_t i = 0; i < named.size(); ++i) by_name.emplace(named[i].first, &states[i]);
  const auto layout = models::checkpoint_layout(config, naming);
  std::vector<HeldTensor> held;
  for (const auto& t : layout) {
    const ParameterState& s = *by_name.at(t.parameter);
    held.push_back({t.name, s.weight_dtype, t.shape, true, rows_of(s.weight, t)});
  }
  for (const auto& t : layout) {
    const ParameterState& s = *by_name.at(t.parameter);
    held.push_back({"exp_avg." + t.name, s.moment_dtype, t.shape, false, rows_of(s.first, t)});
    held.push_back({"exp_avg_sq." + t.name, s.moment_dtype, t.shape, false, rows_of(s.second, t)});
  }
  return held;
}

void held_state_changed(const nn::Module& model, optim::AdamW&) {
  for (const Tensor& p : model.parameters()) p.value().storage().bump_version();
}

}  // namespace genesis::trainer
