#include "parallel/zero/sharded_optimizer.h"

#include <algorithm>
#include <exception>

#include "autograd/node.h"

namespace genesis::parallel {
namespace {

std::vector<Tensor> tensors_of(const std::vector<DataParallel::NamedParameter>& named) {
  std::vector<Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

}  // namespace

struct ShardedOptimizer::State {
  explicit State(DataParallel& gradients);

  Communicator& group;
  std::vector<Tensor> parameters;
  std::vector<BucketShape> buckets;
  std::vector<Array> weights;       // [buckets] flat values of all ranks; none when state is whole
  std::vector<size_t> first_piece;  // [buckets + 1]
  std::vector<Pending> gathers;     // [buckets]
  std::vector<optim::AdamWPiece> initial;
  int exceptions_at_start = std::uncaught_exceptions();
  std::unique_ptr<optim::AdamW> adamw;

  bool is_shared() const { return !weights.empty(); }
  void make_pieces();
  void move_to_buckets();
  void narrow_values(const DataParallel& gradients);
  void gather(const std::shared_ptr<State>& self, size_t bucket);
};

ShardedOptimizer::State::State(DataParallel& gradients)
    : group(gradients.group()),
      parameters(tensors_of(gradients.parameters())),
      buckets(gradients.buckets()) {}

void ShardedOptimizer::State::make_pieces() {
  first_piece.assign(buckets.size() + 1, 0);
  for (const OwnedSlice& s : owned_slices(buckets, group.rank(), group.size())) {
    optim::AdamWPiece piece;
    piece.parameter = s.parameter;
    piece.begin = s.begin;
    piece.end = s.end;
    initial.push_back(piece);
    ++first_piece[s.bucket + 1];
  }
  for (size_t b = 0; b < buckets.size(); ++b) first_piece[b + 1] += first_piece[b];
}

/// Into flat buckets, one after the other: the memory of old values is free again as soon as they moved.
void ShardedOptimizer::State::move_to_buckets() {
  MemoryScope scope(MemoryCategory::parameters);
  for (const BucketShape& b : buckets) {
    const Array flat = group.shared_buffer({b.count}, b.weight, parameters.front().device());
    const auto owner = std::make_shared<Array>(flat);
    for (const BucketMember& m : b.members) {
      // A storage of its own: writes and copies derived from it are counted per parameter.
      adamw->move_value(m.parameter,
                        Array::borrow(flat.slice(0, m.offset, m.offset + m.count).raw(),
                                      parameters[m.parameter].shape(), b.weight, owner, flat.device()));
    }
    weights.push_back(flat);
  }
  gathers.resize(buckets.size());
}

/// Each value that is kept in another type into memory of its own.
void ShardedOptimizer::State::narrow_values(const DataParallel& gradients) {
  MemoryScope scope(MemoryCategory::parameters);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& p = parameters[i];
    if (const DType kept = gradients.kept_as(i); kept != p.dtype())
      adamw->move_value(i, Array::empty(p.shape(), kept, p.device()));
  }
}

void ShardedOptimizer::State::gather(const std::shared_ptr<State>& self, size_t bucket) {
  const Array& flat = weights[bucket];
  const int64_t each = flat.numel() / group.size();
  const Array own = flat.slice(0, group.rank() * each, (group.rank() + 1) * each);
  gathers[bucket] = group.all_gather_async(own, flat);
  for (const BucketMember& m : buckets[bucket].members) {
    const Tensor& p = parameters[m.parameter];
    p.value().storage().bump_version();
    autograd::on_value_read(p, [self, bucket] { self->gathers[bucket].wait(); });
  }
}

ShardedOptimizer::ShardedOptimizer(DataParallel& gradients, optim::AdamWOptions options)
    : state_(std::make_shared<State>(gradients)) {
  State& s = *state_;
  if (!gradients.is_scattered()) {
    s.adamw = std::make_unique<optim::AdamW>(s.parameters, options);
    s.narrow_values(gradients);
    return;
  }
  s.make_pieces();
  s.adamw = std::make_unique<optim::AdamW>(s.parameters, options, std::move(s.initial));
  s.move_to_buckets();
}

ShardedOptimizer::~ShardedOptimizer() {
  const bool failing = std::uncaught_exceptions() > state_->exceptions_at_start;
  for (const Tensor& p : state_->parameters) {
    try {
      // Parameters may live longer than this. When an error ends the run, the others may never come: a value
      // that is still on its way is then left as it is.
      if (!failing) static_cast<void>(p.value());
    } catch (const std::exception&) {  // of a call that failed: whoever makes the next one is told
    }
    p.impl()->arrival = nullptr;
  }
}

void ShardedOptimizer::step(double grad_scale, const Array& decision) {
  State& s = *state_;
  if (!s.is_shared()) return s.adamw->step(grad_scale, decision);
  s.adamw->begin_step();
  for (size_t b = s.buckets.size(); b-- > 0;) {
    s.adamw->update(s.first_piece[b], s.first_piece[b + 1], grad_scale, decision);
    s.gather(state_, b);
  }
}

void ShardedOptimizer::synchronise() {
  State& s = *state_;
  s.adamw->publish();
  for (size_t b = s.weights.size(); b-- > 0;) s.gather(state_, b);
}

optim::AdamW& ShardedOptimizer::adamw() { return *state_->adamw; }
const optim::AdamW& ShardedOptimizer::adamw() const { return *state_->adamw; }

int64_t ShardedOptimizer::bytes_per_step() const {
  return state_->is_shared() ? logged_bytes(state_->buckets, state_->group.size()) : 0;
}

int64_t ShardedOptimizer::logged_bytes(const std::vector<BucketShape>& buckets, int ranks) {
  int64_t bytes = 0;
  for (const BucketShape& b : buckets) bytes += b.weight_bytes() / ranks;
  return bytes;
}

}  // namespace genesis::parallel
