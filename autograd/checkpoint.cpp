#include "autograd/checkpoint.h"

#include <algorithm>

#include "autograd/engine.h"
#include "autograd/op.h"
#include "autograd/random.h"

namespace genesis {
namespace {

using namespace autograd;

struct Recipe {
  TensorFunction fn;
  RandomState random;
  AutocastState cast;
  size_t inputs = 0;
};

/// Runs fn outside the graph and collects the leaves it used.
std::vector<Tensor> run_unrecorded(const TensorFunction& fn, const std::vector<Tensor>& inputs,
                                   std::vector<std::shared_ptr<TensorImpl>>& leaves) {
  no_grad quiet;
  struct RecorderScope {
    std::vector<std::shared_ptr<TensorImpl>>* outer = leaf_recorder;
    ~RecorderScope() { leaf_recorder = outer; }
  } scope;
  leaf_recorder = &leaves;
  std::vector<Tensor> outputs = fn(inputs);
  std::sort(leaves.begin(), leaves.end());
  leaves.erase(std::unique(leaves.begin(), leaves.end()), leaves.end());
  if (scope.outer) scope.outer->insert(scope.outer->end(), leaves.begin(), leaves.end());
  return outputs;
}

struct RandomReplay {
  explicit RandomReplay(const RandomState& s) : outer(random_state()) { set_random_state(s); }
  ~RandomReplay() { set_random_state(outer); }
  RandomState outer;
};

Grads recompute_and_differentiate(const Saved& saved, std::span<const Array> dys) {
  const Recipe& recipe = saved.attributes<Recipe>();
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < recipe.inputs; ++i) {
    const Array a = saved.at(i);
    inputs.push_back(a.defined() ? Tensor(a, saved.needs(i)) : Tensor());
  }
  std::vector<Tensor> outputs;
  {
    enable_grad recording;
    autocast cast(recipe.cast.dtype, recipe.cast.on);
    RandomReplay replay(recipe.random);
    outputs = recipe.fn(inputs);
  }
  GENESIS_CHECK(outputs.size() == dys.size(), "checkpoint: the second run gave ", outputs.size(),
                " outputs, the first ", dys.size());
  run_backward(outputs, dys);
  Grads grads;
  for (const Tensor& t : inputs) grads.push_back(t.grad());
  return grads;
}

}  // namespace

std::vector<Tensor> checkpoint(const TensorFunction& fn, const std::vector<Tensor>& inputs) {
  if (!grad_enabled) return fn(inputs);
  const Recipe recipe{fn, random_state(), autocast_state(), inputs.size()};

  std::vector<Tensor> detached;
  for (const Tensor& t : inputs) detached.push_back(t.defined() ? t.detach() : Tensor());
  std::vector<std::shared_ptr<TensorImpl>> leaves;
  std::vector<Tensor> outputs = run_unrecorded(fn, detached, leaves);

  auto node = std::make_shared<Node>();
  node->name = "checkpoint";
  node->outputs = int(outputs.size());
  bool wanted = !leaves.empty();
  for (const Tensor& t : inputs) {
    node->inputs.push_back(t.defined() ? t.impl()->edge(t.shared_impl()) : Edge{});
    wanted |= t.requires_grad();
    node->saved.push_back(
        {t.defined() ? t.value() : Array(), t.defined() ? t.value().storage().version() : 0});
  }
  if (!wanted) return outputs;
  // The leaves get their gradients from the inner backward; their edges here only say when it is over.
  for (const auto& leaf : leaves) node->inputs.push_back(leaf->edge(leaf));
  node->attributes = recipe;
  node->backward = &recompute_and_differentiate;

  for (size_t i = 0; i < outputs.size(); ++i)
    outputs[i] = autograd::detail::make_output(outputs[i].value(), node, int(i));
  return outputs;
}

}  // namespace genesis
