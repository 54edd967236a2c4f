#include "parallel/data_parallel.h"

#include <algorithm>

#include "autograd/node.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/fill.h"
#include "kernels/grad_norm.h"
#include "kernels/owner_sums.h"
#include "parallel/ordered/exact_squares.h"
#include "parallel/shard.h"

namespace genesis::parallel {
namespace {

DType gradient_dtype(const Tensor& parameter, bool narrow) {
  if (narrow && parameter.dtype() == DType::bf16) return DType::bf16;
  return parameter.dtype() == DType::f64 ? DType::f64 : DType::f32;
}

std::vector<ParameterSize> sizes_of(const std::vector<DataParallel::NamedParameter>& parameters,
                                    const std::vector<DType>& kept_as, const DataParallelOptions& options) {
  std::vector<ParameterSize> sizes;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& p = parameters[i].second;
    const DType gradient = gradient_dtype(p, options.narrow_gradients);
    sizes.push_back({p.numel(), gradient, options.reduction.scatter ? kept_as[i] : gradient});
  }
  return sizes;
}

/// Whether the model is shared out within a group.
bool is_split(const Communicator* tensor_group) { return tensor_group && tensor_group->size() > 1; }

}  // namespace

struct DataParallel::State {
  State(Communicator& g, std::vector<NamedParameter> p, const DataParallelOptions& options);

  Communicator& group;
  std::vector<NamedParameter> parameters;
  std::vector<DType> kept_as;  // [parameters]
  bool scattered = false;
  std::vector<BucketShape> buckets;
  std::vector<Array> flats;       // [buckets]
  std::vector<size_t> bucket_of;  // [parameters]
  std::vector<int64_t> missing;   // [buckets] members whose gradient is not complete in this step
  std::vector<bool> complete;     // [parameters] in this step
  bool last_micro_step = true;
  int64_t bytes_per_step = 0;
  GradientReductionOptions options;
  std::unique_ptr<GradientReduction> reduction;

  void bind_gradients();
  void begin_step();
  void gradient_ready(size_t parameter);
  void start_complete_buckets();
  void fill_missing();
  void hand_in_the_rest();
};

DataParallel::State::State(Communicator& g, std::vector<NamedParameter> p, const DataParallelOptions& o)
    : group(g),
      parameters(std::move(p)),
      scattered(o.reduction.scatter && g.size() > 1),
      options(o.reduction) {
  GENESIS_CHECK(!parameters.empty(), "data parallel training of a model without trainable parameters");
  GENESIS_CHECK(o.bucket_bytes > 0, "bucket_bytes is ", o.bucket_bytes);
  for (const auto& [name, p] : parameters) kept_as.push_back(o.kept_as ? o.kept_as(p) : p.dtype());
  buckets = bucket_layout(sizes_of(parameters, kept_as, o), o.bucket_bytes, scattered ? g.size() : 1);
  bytes_per_step = GradientReduction::logged_bytes(buckets, g.size(), options);
  bind_gradients();
  reduction = std::make_unique<GradientReduction>(group, buckets, flats, options);
  begin_step();
}

void DataParallel::State::bind_gradients() {
  MemoryScope scope(MemoryCategory::gradients);
  bucket_of.resize(parameters.size());
  for (size_t b = 0; b < buckets.size(); ++b) {
    const Array flat =
        group.shared_buffer({buckets[b].count}, buckets[b].gradient, parameters.front().second.device());
    flats.push_back(flat);
    for (const BucketMember& m : buckets[b].members) {
      const Tensor& p = parameters[m.parameter].second;
      autograd::bind_gradient(p, flat.slice(0, m.offset, m.offset + m.count).view(p.shape()));
      bucket_of[m.parameter] = b;
    }
  }
}

void DataParallel::State::begin_step() {
  complete.assign(parameters.size(), false);
  missing.clear();
  for (const BucketShape& b : buckets) missing.push_back(int64_t(b.members.size()));
  last_micro_step = true;
}

void DataParallel::State::gradient_ready(size_t parameter) {
  if (!last_micro_step || group.size() == 1) return;
  GENESIS_CHECK(
      !complete[parameter], "parameter ", parameters[parameter].first,
      " got a gradient from a second backward() after the last micro-step; call set_last_micro_step(false) "
      "before all but the last backward() of a step, and finish() after it");
  complete[parameter] = true;
  --missing[bucket_of[parameter]];
  start_complete_buckets();
}

void DataParallel::State::start_complete_buckets() {
  while (reduction->started() < buckets.size() && missing[reduction->started()] == 0) reduction->start_next();
}

void DataParallel::State::fill_missing() {
  for (auto& [name, parameter] : parameters) {
    autograd::TensorImpl& leaf = *parameter.impl();
    if (!leaf.grad_filled) {
      kernels::run(kernels::Fill{.dst = leaf.grad, .value = 0});
      leaf.grad_filled = true;
    }
  }
}

void DataParallel::State::hand_in_the_rest() {
  fill_missing();
  if (group.size() == 1) return;
  missing.assign(buckets.size(), 0);
  start_complete_buckets();
}

DataParallel::DataParallel(const std::vector<NamedParameter>& parameters, Communicator& group,
                           DataParallelOptions options) {
  std::vector<NamedParameter> trained;
  for (const NamedParameter& p : parameters)
    if (p.second.requires_grad()) trained.push_back(p);
  state_ = std::make_shared<State>(group, std::move(trained), options);
  for (size_t i = 0; i < state_->parameters.size(); ++i) {
    autograd::on_gradient_ready(state_->parameters[i].second, [weak = std::weak_ptr(state_), i] {
      if (auto state = weak.lock()) state->gradient_ready(i);
    });
  }
}

DataParallel::~DataParallel() = default;

void DataParallel::set_last_micro_step(bool last) { state_->last_micro_step = last; }

void DataParallel::fill_missing() { state_->fill_missing(); }

void DataParallel::finish() {
  state_->hand_in_the_rest();
  state_->reduction->finish();
  state_->begin_step();
}

/// (parameter, elements of its gradient) that this rank counts.
std::vector<std::pair<size_t, Array>> DataParallel::owned_gradients(Communicator* tensor_group) const {
  const State& s = *state_;
  const bool split = is_split(tensor_group);
  std::vector<std::pair<size_t, Array>> slices;
  // Elements [begin, end) of a parameter, as far as this rank owns them within the tensor group.
  const auto add = [&](size_t parameter, const Array& flat, int64_t begin, int64_t end) {
    for (const Range& r : split ? owned_elements(s.parameters[parameter].second)
                                : std::vector<Range>{{0, s.parameters[parameter].second.numel()}}) {
      const int64_t from = std::max(begin, r.begin), to = std::min(end, r.end);
      if (from < to) slices.emplace_back(parameter, flat.slice(0, from - begin, to - begin));
    }
  };
  if (s.scattered) {
    for (const OwnedSlice& o : owned_slices(s.buckets, s.group.rank(), s.group.size()))
      add(o.parameter, s.flats[o.bucket].slice(0, o.offset, o.offset + o.end - o.begin), o.begin, o.end);
  } else {
    for (size_t i = 0; i < s.parameters.size(); ++i) {
      const Array grad = s.parameters[i].second.grad();
      add(i, grad.view({-1}), 0, grad.numel());
    }
  }
  return slices;
}

std::vector<double> DataParallel::gradient_squares(Communicator* tensor_group) const {
  const State& s = *state_;
  if (s.options.op == ReduceOp::tree_sum && !is_split(tensor_group))
    return exact_squares(owned_gradients(tensor_group), s.parameters.size(),
                         s.scattered ? &s.group : nullptr);
  const Array squares = on_device(gradient_square_sums(tensor_group), Device::cpu);
  return {squares.data<double>(), squares.data<double>() + squares.numel()};
}

Array DataParallel::gradient_square_sums(Communicator* tensor_group) const {
  const State& s = *state_;
  std::vector<Array> grads;
  std::vector<int64_t> owners;
  for (const auto& [parameter, grad] : owned_gradients(tensor_group)) {
    grads.push_back(grad);
    owners.push_back(int64_t(parameter));
  }
  const Device device = s.flats.front().device();
  const int64_t count = int64_t(grads.size());
  const Array sums = Array::empty({count}, DType::f64, device);
  if (count > 0) kernels::run(kernels::GradNorm{.grads = grads, .sums = sums});
  const Array squares = Array::empty({int64_t(s.parameters.size())}, DType::f64, device);
  kernels::run(kernels::OwnerSums{.values = sums, .owners = Array::from(owners, {count}), .sums = squares});
  if (s.scattered) s.group.all_reduce(squares);
  if (is_split(tensor_group)) tensor_group->all_reduce(squares);
  return squares;
}

const std::vector<Array>& DataParallel::flats() const { return state_->flats; }
const GradientReductionOptions& DataParallel::reduction() const { return state_->options; }
int64_t DataParallel::bytes_per_step() const { return state_->bytes_per_step; }
int64_t DataParallel::bucket_count() const { return int64_t(state_->buckets.size()); }
const std::vector<DataParallel::NamedParameter>& DataParallel::parameters() const {
  return state_->parameters;
}
DType DataParallel::kept_as(size_t parameter) const { return state_->kept_as.at(parameter); }
const std::vector<BucketShape>& DataParallel::buckets() const { return state_->buckets; }
Communicator& DataParallel::group() const { return state_->group; }
bool DataParallel::is_scattered() const { return state_->scattered; }

void broadcast_parameters(const std::vector<DataParallel::NamedParameter>& parameters, Communicator& group,
                          int root) {
  if (group.size() == 1) return;
  std::vector<Pending> pending;
  for (const auto& [name, parameter] : parameters)
    pending.push_back(group.broadcast_async(parameter.value(), root));
  for (const Pending& p : pending) p.wait();
}

}  // namespace genesis::parallel
