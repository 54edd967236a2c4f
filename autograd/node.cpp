#include "autograd/node.h"

#include <atomic>

namespace genesis::autograd {
namespace {

std::atomic<uint64_t> next_sequence{1};

}  // namespace

Node::Node() : sequence(next_sequence.fetch_add(1, std::memory_order_relaxed)) {}

Node::~Node() {
  // A long chain of nodes must not unwind by recursion: each node hands its producers to one list.
  std::vector<std::shared_ptr<Node>> doomed;
  auto take = [&](std::vector<Edge>& edges) {
    for (Edge& e : edges)
      if (e.node) doomed.push_back(std::move(e.node));
    edges.clear();
  };
  take(inputs);
  while (!doomed.empty()) {
    std::shared_ptr<Node> n = std::move(doomed.back());
    doomed.pop_back();
    if (n.use_count() == 1) take(n->inputs);
  }
}

void Node::release() {
  saved.clear();
  attributes.reset();
  backward = nullptr;
  released = true;
}

Edge TensorImpl::edge(const std::shared_ptr<TensorImpl>& self) const {
  if (!requires_grad) return {};
  if (producer) return {.node = producer, .output = output, .leaf = nullptr, .dtype = value.dtype()};
  return {.node = nullptr, .output = 0, .leaf = self, .dtype = grad_dtype};
}

void on_gradient_ready(const Tensor& leaf, std::function<void()> hook) {
  GENESIS_CHECK(leaf.is_leaf() && leaf.requires_grad(),
                "a ready hook belongs on a leaf that requires a gradient");
  leaf.impl()->ready_hooks.push_back(std::move(hook));
}

void bind_gradient(const Tensor& leaf, Array buffer) {
  GENESIS_CHECK(leaf.is_leaf(), "a gradient buffer belongs on a leaf");
  GENESIS_CHECK(buffer.shape() == leaf.shape() && buffer.is_contiguous(), "gradient buffer of shape ",
                to_string(buffer.shape()), " for a leaf of shape ", to_string(leaf.shape()));
  TensorImpl& impl = *leaf.impl();
  impl.grad_dtype = buffer.dtype();
  impl.grad = std::move(buffer);
  impl.grad_filled = false;
}

void bind_value(const Tensor& leaf, Array value) {
  GENESIS_CHECK(leaf.is_leaf(), "a value is bound to a leaf");
  GENESIS_CHECK(value.shape() == leaf.shape() && value.is_contiguous() && is_floating(value.dtype()),
                "value of shape ", to_string(value.shape()), " for a leaf of shape ",
                to_string(leaf.shape()));
  leaf.impl()->value = std::move(value);
}

void on_value_read(const Tensor& leaf, std::function<void()> arrival) {
  GENESIS_CHECK(leaf.is_leaf(), "only a leaf's value can be on its way");
  leaf.impl()->arrival = std::move(arrival);
}

void await_value(TensorImpl& leaf) {
  const auto arrival = std::move(leaf.arrival);
  leaf.arrival = nullptr;  // before the call: it may read the value itself
  if (arrival) arrival();
}

Array Saved::at(size_t i) const {
  const SavedArray& s = node_.saved.at(i);
  if (s.array.defined()) {
    GENESIS_CHECK(s.array.storage().version() == s.version, node_.name,
                  ": an array saved for backward (number ", i, ", shape ", to_string(s.array.shape()),
                  ") was changed in place after the forward pass");
    s.array.storage().restore();
  }
  return s.array;
}

Saved::GradTarget Saved::gradient_target(size_t input) const {
  GENESIS_INVARIANT(is_leaf(input), node_.name, ": input ", input, " is not a leaf");
  TensorImpl& leaf = *node_.inputs[input].leaf;
  if (!leaf.grad.defined()) {
    MemoryScope scope(MemoryCategory::gradients);
    leaf.grad = Array::empty(leaf.value.shape(), leaf.grad_dtype, leaf.value.device());
  }
  const bool accumulate = leaf.grad_filled;
  leaf.grad_filled = true;
  return {leaf.grad, accumulate};
}

}  // namespace genesis::autograd
