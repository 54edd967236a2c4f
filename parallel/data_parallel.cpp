#include "parallel/data_parallel.h"

#include <cstring>

#include "autograd/node.h"

namespace genesis::parallel {
namespace {

constexpr int64_t kAlignment =
    64;  // bytes between two gradients: each starts a cache line, as from the allocator

DType gradient_dtype(const Tensor& parameter) {
  return parameter.dtype() == DType::f64 ? DType::f64 : DType::f32;
}

int64_t padded_count(const Tensor& parameter) {
  const int64_t unit = kAlignment / size_of(gradient_dtype(parameter));
  return (parameter.numel() + unit - 1) / unit * unit;
}

struct Bucket {
  DType dtype = DType::f32;
  int64_t count = 0;            // elements, padding included
  std::vector<size_t> members;  // indices of parameters
  Array flat;                   // [count]
  int64_t missing = 0;          // members whose gradient is not complete in this step
  Pending pending;
};

}  // namespace

struct DataParallel::State {
  explicit State(Communicator& g) : group(g) {}

  Communicator& group;
  std::vector<NamedParameter> parameters;
  std::vector<size_t> bucket_of;  // [parameters]
  std::vector<Bucket> buckets;
  std::vector<bool> complete;  // [parameters] in this step
  size_t next = 0;             // the first bucket that has not started
  bool last_micro_step = true;

  void make_buckets(int64_t bucket_bytes);
  void bind_gradients();
  void gradient_ready(size_t parameter);
  void start_complete_buckets();
  void hand_in_the_rest();
  void wait_and_reset();
};

void DataParallel::State::make_buckets(int64_t bucket_bytes) {
  bucket_of.resize(parameters.size());
  for (size_t i = parameters.size(); i-- > 0;) {
    const Tensor& p = parameters[i].second;
    const DType dtype = gradient_dtype(p);
    const int64_t count = padded_count(p);
    const bool fits = !buckets.empty() && buckets.back().dtype == dtype &&
                      (buckets.back().count + count) * size_of(dtype) <= bucket_bytes;
    if (!fits) {
      buckets.emplace_back();
      buckets.back().dtype = dtype;
    }
    buckets.back().members.push_back(i);
    buckets.back().count += count;
    bucket_of[i] = buckets.size() - 1;
  }
}

void DataParallel::State::bind_gradients() {
  MemoryScope scope(MemoryCategory::gradients);
  for (Bucket& b : buckets) {
    b.flat = group.shared_buffer({b.count}, b.dtype);
    b.missing = int64_t(b.members.size());
    int64_t at = 0;
    for (size_t i : b.members) {
      const Tensor& p = parameters[i].second;
      autograd::bind_gradient(p, b.flat.slice(0, at, at + p.numel()).view(p.shape()));
      at += padded_count(p);
    }
  }
}

void DataParallel::State::gradient_ready(size_t parameter) {
  if (!last_micro_step || group.size() == 1) return;
  GENESIS_CHECK(
      !complete[parameter], "parameter ", parameters[parameter].first,
      " got a gradient from a second backward() after the last micro-step; call set_last_micro_step(false) "
      "before all but the last backward() of a step, and finish() after it");
  complete[parameter] = true;
  --buckets[bucket_of[parameter]].missing;
  start_complete_buckets();
}

void DataParallel::State::start_complete_buckets() {
  for (; next < buckets.size() && buckets[next].missing == 0; ++next) {
    buckets[next].pending = group.all_reduce_async(buckets[next].flat);
  }
}

void DataParallel::State::hand_in_the_rest() {
  for (size_t i = 0; i < parameters.size(); ++i) {
    autograd::TensorImpl& leaf = *parameters[i].second.impl();
    if (!leaf.grad_filled) {
      std::memset(leaf.grad.raw(), 0, size_t(leaf.grad.nbytes()));
      leaf.grad_filled = true;
    }
  }
  if (group.size() == 1) return;
  for (Bucket& b : buckets) b.missing = 0;
  start_complete_buckets();
}

void DataParallel::State::wait_and_reset() {
  for (Bucket& b : buckets) {
    b.pending.wait();
    b.pending = {};
    b.missing = int64_t(b.members.size());
  }
  complete.assign(parameters.size(), false);
  next = 0;
  last_micro_step = true;
}

DataParallel::DataParallel(const std::vector<NamedParameter>& parameters, Communicator& group,
                           DataParallelOptions options)
    : state_(std::make_shared<State>(group)) {
  for (const NamedParameter& p : parameters) {
    if (p.second.requires_grad()) state_->parameters.push_back(p);
  }
  GENESIS_CHECK(!state_->parameters.empty(),
                "data parallel training of a model without trainable parameters");
  GENESIS_CHECK(options.bucket_bytes > 0, "bucket_bytes is ", options.bucket_bytes);
  state_->make_buckets(options.bucket_bytes);
  state_->bind_gradients();
  state_->complete.assign(state_->parameters.size(), false);
  for (size_t i = 0; i < state_->parameters.size(); ++i) {
    autograd::on_gradient_ready(state_->parameters[i].second, [weak = std::weak_ptr(state_), i] {
      if (auto state = weak.lock()) state->gradient_ready(i);
    });
  }
}

DataParallel::~DataParallel() = default;

void DataParallel::set_last_micro_step(bool last) { state_->last_micro_step = last; }

void DataParallel::finish() {
  state_->hand_in_the_rest();
  state_->wait_and_reset();
}

int64_t DataParallel::bytes_per_step() const {
  if (state_->group.size() == 1) return 0;
  int64_t bytes = 0;
  for (const Bucket& b : state_->buckets) bytes += b.flat.nbytes();
  return bytes;
}

int64_t DataParallel::bucket_count() const { return int64_t(state_->buckets.size()); }

void broadcast_parameters(const std::vector<DataParallel::NamedParameter>& parameters, Communicator& group,
                          int root) {
  if (group.size() == 1) return;
  std::vector<Pending> pending;
  for (const auto& [name, parameter] : parameters)
    pending.push_back(group.broadcast_async(parameter.value(), root));
  for (const Pending& p : pending) p.wait();
}

}  // namespace genesis::parallel
