#pragma once
#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "autograd/tensor.h"

namespace genesis::autograd {

using Grads = std::vector<Array>;  ///< one per tensor input, undefined where no gradient is needed

/// Where the gradient of one input of a node goes: an output of an earlier node, or a leaf, or nowhere.
struct Edge {
  std::shared_ptr<Node> node;  // the input is output number `output` of this node
  int output = 0;
  std::shared_ptr<TensorImpl> leaf;  // or the input is this leaf
  DType dtype = DType::f32;          // the gradient is delivered in this type
  bool needs_grad() const { return node || leaf; }
};

struct SavedArray {
  Array array;
  uint64_t version = 0;
};

class Saved;

/// One application of an operation: what its backward needs, and where the gradients go.
struct Node {
  Node();
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const char* name = "";
  uint64_t sequence;  // grows with time: a consumer's number is above its producers'
  std::vector<Edge> inputs;
  std::vector<SavedArray> saved;
  std::any attributes;
  int outputs = 1;
  bool released = false;  // saved arrays were freed by an earlier backward
  std::function<Grads(const Saved&, std::span<const Array>)> backward;
  Array (*remake)(const Saved&) = nullptr;  // makes output `remade` again; null: cannot (recompute_later.h)
  int remade = 0;

  void release();
};

/// State behind a Tensor handle.
struct TensorImpl {
  Array value;
  bool requires_grad = false;
  std::shared_ptr<Node> producer;  // null for a leaf
  int output = 0;

  // Leaves only.
  Array grad;                // buffer; holds a gradient only while grad_filled
  bool grad_filled = false;  // false: the next contribution overwrites the buffer
  DType grad_dtype = DType::f32;
  std::vector<std::function<void()>> ready_hooks;
  std::shared_ptr<const void> annotation;  // of one layer above (parallel: which part this is); not read here
  std::function<void()> arrival;  // set while the value is still on its way: runs once, before it is read

  Edge edge(const std::shared_ptr<TensorImpl>& self) const;
};

/// Called when every contribution of one backward() to this leaf has been summed into its gradient.
///   Fires once per backward(), in the order gradients become complete, on the thread that runs backward().
void on_gradient_ready(const Tensor& leaf, std::function<void()> hook);

/// Binds `buffer` (the leaf's shape, contiguous, f32 or the leaf's dtype) as the place its gradient is summed
/// in.
void bind_gradient(const Tensor& leaf, Array buffer);

/// Makes `value` (the leaf's shape, contiguous; another floating dtype is allowed) the leaf's value.
///   The gradient's dtype stays what it was.
void bind_value(const Tensor& leaf, Array value);

/// The leaf's value is on its way: `arrival` is called once, on the thread that reads the value first
/// (Tensor::value()), and returns when it is there. A later call replaces one that was not needed.
void on_value_read(const Tensor& leaf, std::function<void()> arrival);
void await_value(TensorImpl& leaf);

/// What a node's backward sees of its forward.
class Saved {
 public:
  explicit Saved(Node& node) : node_(node) {}

  /// The arrays forward saved, in order; one that was given back (recompute_later.h) is made again.
  /// Errors: genesis::Error when one was overwritten in place since.
  template <size_t N>
  std::array<Array, N> get() const {
    GENESIS_INVARIANT(node_.saved.size() == N, node_.name, " saved ", node_.saved.size(),
                      " arrays, backward reads ", N);
    std::array<Array, N> arrays;
    for (size_t i = 0; i < N; ++i) arrays[i] = at(i);
    return arrays;
  }
  Array at(size_t i) const;
  size_t count() const { return node_.saved.size(); }

  /// What forward kept with Context::keep.
  template <class T>
  const T& attributes() const {
    return std::any_cast<const T&>(node_.attributes);
  }

  bool needs(size_t input) const { return input < node_.inputs.size() && node_.inputs[input].needs_grad(); }

  /// The one exception to "only the engine accumulates": a weight gradient that a GEMM adds straight into the
  /// leaf's buffer. Writing to `grad` (with += when `accumulate`) replaces returning an array for that input.
  struct GradTarget {
    Array grad;
    bool accumulate;
  };
  /// Errors: InvariantError when the input is no leaf; ask is_leaf() first.
  GradTarget gradient_target(size_t input) const;
  bool is_leaf(size_t input) const { return needs(input) && node_.inputs[input].leaf != nullptr; }

 private:
  Node& node_;
};

}  // namespace genesis::autograd
