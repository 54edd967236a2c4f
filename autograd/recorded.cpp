#include "autograd/recorded.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "autograd/autocast.h"
#include "autograd/engine.h"
#include "autograd/grad_mode.h"
#include "autograd/op.h"
#include "kernels/core/cuda/graph.h"
#include "kernels/core/cuda/runtime.h"

namespace genesis {
namespace {

using namespace autograd;
using Leaf = std::shared_ptr<TensorImpl>;

/// What fn did once: its inputs as leaves, its outputs with the graph of gradients between them.
struct Tape {
  std::vector<Tensor> inputs, outputs;
};

std::vector<Node*> nodes_of(const Tape& tape) {
  std::vector<Node*> nodes;
  std::unordered_set<Node*> seen;
  const auto see = [&](Node* n) {
    if (n && seen.insert(n).second) nodes.push_back(n);
  };
  for (const Tensor& t : tape.outputs)
    if (t.defined()) see(t.impl()->producer.get());
  for (size_t i = 0; i < nodes.size(); ++i)
    for (const Edge& e : nodes[i]->inputs) see(e.node.get());
  std::sort(nodes.begin(), nodes.end(),
            [](const Node* a, const Node* b) { return a->sequence > b->sequence; });
  return nodes;
}

/// The leaves below a tape but for its inputs, in the order in which a backward completes their gradients.
std::vector<Leaf> leaves_of(const Tape& tape) {
  const std::vector<Node*> nodes = nodes_of(tape);
  std::unordered_map<TensorImpl*, int> uses;
  for (const Tensor& t : tape.inputs) uses[t.impl()] = -1;  // never complete
  for (const Node* n : nodes)
    for (const Edge& e : n->inputs)
      if (e.leaf && uses[e.leaf.get()] >= 0) ++uses[e.leaf.get()];
  std::vector<Leaf> leaves;
  for (const Node* n : nodes)
    for (const Edge& e : n->inputs)
      if (e.leaf && --uses[e.leaf.get()] == 0) leaves.push_back(e.leaf);
  return leaves;
}

Tape run(const TensorFunction& fn, const std::vector<Tensor>& inputs) {
  enable_grad recording;
  return {inputs, fn(inputs)};
}

/// Leaves of these values.
std::vector<Tensor> as_leaves(const std::vector<Array>& values, const std::vector<Tensor>& like) {
  std::vector<Tensor> leaves;
  for (size_t i = 0; i < values.size(); ++i)
    leaves.push_back(values[i].defined() ? Tensor(values[i], like[i].requires_grad()) : Tensor());
  return leaves;
}

Grads backward_of(const Tape& tape, std::span<const Array> dys) {
  for (const Tensor& t : tape.inputs) Tensor(t).zero_grad();
  run_backward(tape.outputs, dys, {.retain_graph = true});
  Grads grads;
  for (const Tensor& t : tape.inputs) grads.push_back(t.grad());
  return grads;
}

/// Whether a leaf's gradient holds something, leaf by leaf; put back when recording a backward fails.
std::vector<bool> filled(const std::vector<Leaf>& leaves) {
  std::vector<bool> flags;
  for (const Leaf& leaf : leaves) flags.push_back(leaf->grad_filled);
  return flags;
}

std::vector<void*> addresses(const std::vector<Leaf>& leaves, Array TensorImpl::*what) {
  std::vector<void*> all;
  for (const Leaf& leaf : leaves) all.push_back(((*leaf).*what).defined() ? ((*leaf).*what).raw() : nullptr);
  return all;
}

}  // namespace

struct Recorded::State {
  TensorFunction fn;
  std::vector<Tensor> parameters;
  std::shared_ptr<RecordedMemory> memory;

  // Of the recording; it goes before the memory it uses.
  Tape tape;
  std::vector<Leaf> leaves;
  std::vector<void*> values;  // [leaves] where they were read
  AutocastState cast;
  std::unique_ptr<cuda::Graph> forward;
  struct Backward {
    std::vector<Array> seeds;      // [outputs]
    std::vector<void*> gradients;  // [leaves] where they were summed
    std::unique_ptr<cuda::Graph> graph;
  };
  std::map<std::vector<bool>, Backward> backwards;  // by which leaves held a gradient

  int64_t forward_replays = 0, backward_replays = 0;
  std::string refusal;
  bool is_stale = false;

  /// What leaves hold is there, and so is what was derived from it, in its place.
  void await_parameters() const {
    for (const Tensor& p : parameters) p.value().storage().refresh_derived();
  }
  /// Where the value of an input or a seed is read by the recording: its own place when that is kept.
  Array place_for(const Array& value) const {
    if (!value.defined() || (value.is_contiguous() && value.storage().is_in(*memory))) return value;
    const RecordedMemoryScope scope(*memory);
    return Array::empty(value.shape(), value.dtype(), value.device());
  }
  static void put(const Array& value, const Array& place) {
    if (value.defined() && value.raw() != place.raw())
      cuda::copy_on_card(place.raw(), value.raw(), value.nbytes());
  }
  void forget() {
    if (forward) cuda::synchronize();  // it may still run
    backwards.clear();
    forward.reset();
    tape = {};
    leaves.clear();
  }
  bool is_current() const {
    const AutocastState now = autocast_state();
    return cast.on == now.on && cast.dtype == now.dtype && values == addresses(leaves, &TensorImpl::value);
  }

  void record_forward(const std::vector<Tensor>& inputs) {
    forget();
    std::vector<Array> places;
    for (const Tensor& t : inputs) places.push_back(t.defined() ? place_for(t.value()) : Array());
    Tape made;
    auto graph = std::make_unique<cuda::Graph>([&] { made = run(fn, as_leaves(places, inputs)); }, memory);
    tape = std::move(made);
    leaves = leaves_of(tape);
    values = addresses(leaves, &TensorImpl::value);
    cast = autocast_state();
    forward = std::move(graph);
  }

  /// Whether inputs went through the recording.
  bool replay_forward(const std::vector<Tensor>& inputs) {
    try {
      await_parameters();
      if (!forward) record_forward(inputs);
      is_stale = !is_current();
      if (is_stale) return false;
    } catch (const Error& e) {
      refusal = e.what();
      forget();
      return false;
    }
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined()) put(inputs[i].value(), tape.inputs[i].value());
    forward->launch();
    ++forward_replays;
    return true;
  }

  /// What the recording saved is what its last launch wrote, whatever else was written since it was recorded.
  void accept_saved() const {
    for (Node* n : nodes_of(tape))
      for (SavedArray& s : n->saved)
        if (s.array.defined()) s.version = s.array.storage().version();
  }

  Backward& recorded_backward(const std::vector<bool>& key, std::span<const Array> dys) {
    Backward& b = backwards[key];
    if (b.graph && b.gradients == addresses(leaves, &TensorImpl::grad)) return b;
    if (b.graph) cuda::synchronize();  // it may still run
    b = {};
    for (const Array& dy : dys) b.seeds.push_back(place_for(dy));
    accept_saved();
    b.graph = std::make_unique<cuda::Graph>([&] { (void)backward_of(tape, b.seeds); }, memory);
    b.gradients = addresses(leaves, &TensorImpl::grad);
    return b;
  }

  Grads replay_backward(std::span<const Array> dys) {
    const std::vector<bool> before = filled(leaves);
    const auto key_of = [&] {
      std::vector<bool> key = before;
      for (const Array& dy : dys) key.push_back(dy.defined());
      return key;
    };
    const bool has_memory =
        std::all_of(leaves.begin(), leaves.end(), [](const Leaf& l) { return l->grad.defined(); });
    const Backward* recorded = nullptr;
    if (has_memory && !cuda::launch_blocking()) {
      try {
        recorded = &recorded_backward(key_of(), dys);
      } catch (const Error& e) {
        refusal = e.what();
        backwards.erase(key_of());
        for (size_t i = 0; i < leaves.size(); ++i) leaves[i]->grad_filled = before[i];
        for (const Node* n : nodes_of(tape))  // what was to be made again was not
          for (const SavedArray& kept : n->saved)
            if (kept.array.defined()) kept.array.storage().discard_again();
      }
    }
    if (!recorded) {
      accept_saved();
      return backward_of(tape, dys);
    }
    for (size_t i = 0; i < dys.size(); ++i) put(dys[i], recorded->seeds[i]);
    recorded->graph->launch();
    ++backward_replays;
    for (const Leaf& leaf : leaves) leaf->grad_filled = true;
    Grads grads;
    for (const Tensor& t : tape.inputs)
      grads.push_back(t.defined() && t.requires_grad() ? t.impl()->grad : Array());
    return grads;
  }
};

namespace {

/// What the node keeps: the recording that was started for it, or the graph of a run of its own.
struct Kept {
  std::shared_ptr<Recorded::State> recording;  // null: `tape`
  Tape tape;
  std::shared_ptr<const void> held;
};

Grads differentiate(const Saved& saved, std::span<const Array> dys) {
  const Kept& kept = saved.attributes<Kept>();
  return kept.recording ? kept.recording->replay_backward(dys) : backward_of(kept.tape, dys);
}

}  // namespace

Recorded::Recorded(TensorFunction fn, std::vector<Tensor> parameters, std::shared_ptr<RecordedMemory> memory)
    : state_(std::make_shared<State>()) {
  state_->fn = std::move(fn);
  state_->parameters = std::move(parameters);
  state_->memory = std::move(memory);
}

int64_t Recorded::forward_replays() const { return state_->forward_replays; }
int64_t Recorded::backward_replays() const { return state_->backward_replays; }
const std::string& Recorded::refusal() const { return state_->refusal; }
bool Recorded::is_stale() const { return state_->is_stale; }

std::vector<Tensor> Recorded::operator()(const std::vector<Tensor>& inputs, Way way,
                                         std::shared_ptr<const void> held) {
  Kept kept{.recording = {}, .tape = {}, .held = std::move(held)};
  if (way == Way::replay && state_->replay_forward(inputs)) {
    kept.recording = state_;
  } else {
    std::vector<Array> values;
    for (const Tensor& t : inputs) values.push_back(t.defined() ? t.value() : Array());
    kept.tape = run(state_->fn, as_leaves(values, inputs));
  }
  const Tape& tape = kept.recording ? state_->tape : kept.tape;
  auto node = std::make_shared<Node>();
  node->name = "recorded";
  node->outputs = int(tape.outputs.size());
  for (const Tensor& t : inputs)
    node->inputs.push_back(t.defined() ? t.impl()->edge(t.shared_impl()) : Edge{});
  // The leaves get their gradients from the inner backward; their edges here only say when it is over.
  for (const Leaf& leaf : kept.recording ? state_->leaves : leaves_of(tape))
    node->inputs.push_back(leaf->edge(leaf));
  node->backward = &differentiate;
  std::vector<Tensor> outputs;
  for (size_t i = 0; i < tape.outputs.size(); ++i)
    outputs.push_back(autograd::detail::make_output(tape.outputs[i].value(), node, int(i)));
  node->attributes = std::move(kept);
  return outputs;
}

}  // namespace genesis
