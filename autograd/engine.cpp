#include "autograd/engine.h"

#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "autograd/anomaly.h"
#include "autograd/grad_mode.h"
#include "kernels/accumulate.h"
#include "kernels/core/transfer.h"

namespace genesis::autograd {
namespace {

/// A backward() inside another one (a checkpoint's recomputation) leaves "ready" to the outer one, which
/// knows every use of a leaf.
thread_local int backward_depth = 0;

struct DepthScope {
  DepthScope() { ++backward_depth; }
  ~DepthScope() { --backward_depth; }
};

struct ByAge {
  bool operator()(const std::shared_ptr<Node>& a, const std::shared_ptr<Node>& b) const {
    return a->sequence < b->sequence;
  }
};

/// Gradient `g` in `dtype`, not shared with anyone who might still change it.
Array converted(const Array& g, DType dtype) {
  if (g.dtype() == dtype && g.is_contiguous()) return g;
  GENESIS_INVARIANT(g.is_contiguous(), "an operation returned a gradient that is not contiguous");
  Array out = Array::empty(g.shape(), dtype, g.device());
  kernels::run(kernels::Accumulate{.src = g, .dst = out, .overwrite = true});
  return out;
}

void add_to_leaf(TensorImpl& leaf, const Array& g) {
  GENESIS_INVARIANT(g.numel() == leaf.value.numel(), "a gradient of shape ", to_string(g.shape()),
                    " arrived at a leaf of shape ", to_string(leaf.value.shape()));
  if (!leaf.grad.defined()) {
    MemoryScope scope(MemoryCategory::gradients);
    leaf.grad = Array::empty(leaf.value.shape(), leaf.grad_dtype, leaf.value.device());
  }
  kernels::run(kernels::Accumulate{.src = g, .dst = leaf.grad, .overwrite = !leaf.grad_filled});
  leaf.grad_filled = true;
}

class Run {
 public:
  explicit Run(BackwardOptions options) : options_(options), fires_hooks_(backward_depth == 0) {}

  void add_root(const Tensor& root, const Array& seed) {
    const Edge edge = root.impl()->edge(root.shared_impl());
    GENESIS_CHECK(edge.needs_grad(),
                  "backward from a tensor that depends on nothing that requires a gradient");
    GENESIS_CHECK(seed.numel() == root.numel(), "backward: the seed has shape ", to_string(seed.shape()),
                  ", the tensor ", to_string(root.shape()));
    if (edge.leaf) ++uses_[edge.leaf.get()];
    if (edge.node) count_uses(edge.node);
    pending_roots_.push_back({edge, seed});
  }

  void go() {
    for (auto& [edge, seed] : pending_roots_) deliver(edge, seed);
    pending_roots_.clear();
    while (!ready_.empty()) {
      std::shared_ptr<Node> node = ready_.top();
      ready_.pop();
      std::vector<Array> dys = std::move(pending_[node.get()]);
      pending_.erase(node.get());
      step(*node, dys);
    }
    if (options_.retain_graph) give_back_again();
  }

 private:
  /// Counts, over the whole graph below `root`, how many contributions each leaf will get.
  void count_uses(const std::shared_ptr<Node>& root) {
    std::vector<Node*> stack;
    if (seen_.insert(root.get()).second) stack.push_back(root.get());
    while (!stack.empty()) {
      Node* n = stack.back();
      stack.pop_back();
      for (const Edge& e : n->inputs) {
        if (e.leaf) ++uses_[e.leaf.get()];
        if (e.node && seen_.insert(e.node.get()).second) stack.push_back(e.node.get());
      }
    }
  }

  /// What this pass made again (recompute_later.h): the next one finds the graph as this one did.
  void give_back_again() {
    for (Node* n : seen_)
      for (const SavedArray& s : n->saved)
        if (s.array.defined()) s.array.storage().discard_again();
  }

  void deliver(const Edge& edge, const Array& g) {
    if (edge.leaf) {
      if (g.defined()) add_to_leaf(*edge.leaf, g);
      leaf_done(*edge.leaf);
      return;
    }
    if (!edge.node || !g.defined()) return;
    auto [slot, fresh] = pending_.try_emplace(edge.node.get());
    if (fresh) {
      slot->second.resize(size_t(edge.node->outputs));
      ready_.push(edge.node);
    }
    add_gradient(slot->second[size_t(edge.output)], g, edge.dtype);
  }

  void leaf_done(TensorImpl& leaf) {
    if (--uses_[&leaf] > 0 || !fires_hooks_) return;
    for (auto& hook : leaf.ready_hooks) hook();
  }

  void step(Node& node, std::vector<Array>& dys) {
    GENESIS_CHECK(!node.released, node.name,
                  ": backward through a graph whose saved arrays were freed by an earlier backward "
                  "(retain_graph keeps them)");
    Grads grads = node.backward(Saved(node), dys);
    dys.clear();
    GENESIS_INVARIANT(grads.size() <= node.inputs.size(), node.name, " returned ", grads.size(),
                      " gradients for ", node.inputs.size(), " inputs");
    grads.resize(node.inputs.size());
    if (anomaly_enabled())
      for (size_t i = 0; i < grads.size(); ++i) check_finite(grads[i], node.name, "gradient of input", i);
    if (!options_.retain_graph) node.release();
    for (size_t i = 0; i < grads.size(); ++i) {
      const Array g = std::move(grads[i]);
      grads[i] = Array();
      deliver(node.inputs[i], g);
    }
  }

  BackwardOptions options_;
  bool fires_hooks_;
  std::vector<std::pair<Edge, Array>> pending_roots_;
  std::priority_queue<std::shared_ptr<Node>, std::vector<std::shared_ptr<Node>>, ByAge> ready_;
  std::unordered_map<Node*, std::vector<Array>> pending_;
  std::unordered_map<TensorImpl*, int> uses_;
  std::unordered_set<Node*> seen_;
};

}  // namespace

void add_gradient(Array& into, const Array& more, DType dtype) {
  if (!into.defined()) {
    into = converted(more, dtype);
    return;
  }
  if (!into.is_only_view()) {
    Array own = Array::empty(into.shape(), dtype, into.device());
    kernels::run(kernels::Accumulate{.src = into, .dst = own, .overwrite = true});
    into = own;
  }
  into.storage().drop_derived();  // a seed's number on the host is no longer its value
  kernels::run(kernels::Accumulate{.src = more, .dst = into});
}

namespace {
constexpr const char* kHostValue = "host value";
}

Array seed_on(const Array& seed, Device device) {
  if (seed.device() == device) return seed;
  const Array placed = on_device(seed, device);
  if (seed.numel() == 1 && seed.device() == Device::cpu)
    placed.storage().derived<double>(kHostValue,
                                     [&] { return std::make_shared<double>(Tensor(seed).item()); });
  return placed;
}

double seed_value(const Array& gradient) {
  if (gradient.device() != Device::cpu)
    if (const auto known = gradient.storage().derived<double>(kHostValue, [] { return nullptr; }))
      return *known;
  return Tensor(gradient).item();
}

Array map_seed(const Array& gradient, const std::function<Array(const Array&)>& fn) {
  if (gradient.device() == Device::cpu || gradient.numel() != 1) return fn(gradient);
  const auto known = gradient.storage().derived<double>(kHostValue, [] { return nullptr; });
  return known ? seed_on(fn(Array::full(gradient.shape(), *known, gradient.dtype())), gradient.device())
               : fn(gradient);
}

void run_backward(std::span<const Tensor> roots, std::span<const Array> seeds, BackwardOptions options) {
  GENESIS_CHECK(roots.size() == seeds.size(), "backward: ", roots.size(), " roots, ", seeds.size(), " seeds");
  Run run(options);
  for (size_t i = 0; i < roots.size(); ++i)
    if (seeds[i].defined() && roots[i].requires_grad()) run.add_root(roots[i], seeds[i]);
  no_grad quiet;
  DepthScope depth;
  run.go();
}

}  // namespace genesis::autograd
