#pragma once
// How a differentiable operation is written: a stateless struct with
//
//   static constexpr const char* kName;
//   static constexpr Autocast kAutocast;                      // policy for its floating inputs
//   static Array forward(Context& ctx, const Array& x, …);    // or std::array<Array, N> / std::vector<Array>
//   static Grads backward(const Saved& saved, const Array& dy);               // one output
//   static Grads backward(const Saved& saved, std::span<const Array> dys);    // several outputs
//
// and a public function that calls apply<Op>(inputs…). Tensor arguments arrive in forward as Arrays
// (undefined where the tensor is), std::vector<Tensor> as std::vector<Array>, everything else as it is.
// backward returns one gradient per tensor argument in that order; with several outputs an entry of dys is
// undefined where nothing flowed back.
#include <array>
#include <concepts>
#include <optional>
#include <type_traits>

#include "autograd/anomaly.h"
#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "autograd/node.h"
#include "kernels/core/run.h"

namespace genesis::autograd {

/// What forward uses to leave things for backward; does nothing when no gradient is wanted.
class Context {
 public:
  explicit Context(Node* node) : node_(node) {}
  /// Whether backward will run: false means nothing needs to be kept.
  bool recording() const { return node_ != nullptr; }
  bool needs(size_t input) const { return node_ && node_->inputs[input].needs_grad(); }
  template <class... T>
  void save(const T&... arrays) {
    if (node_) (save_one(arrays), ...);
  }
  template <class T>
  void keep(T attributes) {
    if (node_) node_->attributes = std::move(attributes);
  }
  /// `remake` makes output number `output` again, bit for bit and without a message to other ranks, from what
  /// was saved and kept; it may be given back meanwhile (recompute_later.h).
  void can_remake(Array (*remake)(const Saved&), int output = 0) {
    if (!node_) return;
    node_->remake = remake;
    node_->remade = output;
  }

 private:
  void save_one(const Array& a) { node_->saved.push_back({a, a.defined() ? a.storage().version() : 0}); }
  void save_one(const std::vector<Array>& list) {
    for (const Array& a : list) save_one(a);
  }
  Node* node_;
};

/// Leaves that operations used while a checkpoint ran its forward without recording (see checkpoint.cpp).
inline thread_local std::vector<std::shared_ptr<TensorImpl>>* leaf_recorder = nullptr;

namespace detail {

template <class T>
concept TensorLike = std::same_as<std::decay_t<T>, Tensor>;
template <class T>
concept TensorList = std::same_as<std::decay_t<T>, std::vector<Tensor>>;

template <class A, class Fn>
void for_each_tensor(const A& a, Fn&& fn) {
  if constexpr (TensorLike<A>) {
    fn(a);
  } else if constexpr (TensorList<A>) {
    for (const Tensor& t : a) fn(t);
  }
}

/// The type that holds both; f32 for bf16 and f16, which hold different numbers.
inline DType wider(DType a, DType b) {
  if (a == b) return a;
  return size_of(a) == size_of(b) ? DType::f32 : size_of(a) > size_of(b) ? a : b;
}

template <class... A>
DType widest_float(const A&... args) {
  std::optional<DType> widest;
  auto see = [&](const Tensor& t) {
    if (t.defined() && is_floating(t.dtype())) widest = widest ? wider(*widest, t.dtype()) : t.dtype();
  };
  (for_each_tensor(args, see), ...);
  return widest.value_or(DType::bf16);
}

template <class... A>
Array input_value(const Tensor& t, Autocast policy, const A&... all) {
  if (!t.defined()) return {};
  const Array& v = t.value();
  if (!is_floating(v.dtype())) return v;
  const AutocastState cast = autocast_state();
  if (policy == Autocast::lower && cast.on) return cast_input(v, cast.dtype, t.is_leaf());
  if (policy == Autocast::f32) return cast_input(v, DType::f32, t.is_leaf());
  if (policy == Autocast::widest || policy == Autocast::lower)
    return cast_input(v, widest_float(all...), t.is_leaf());
  return v;
}

template <class A, class... All>
decltype(auto) unwrap(const A& a, Autocast policy, const All&... all) {
  if constexpr (TensorLike<A>) {
    return input_value(a, policy, all...);
  } else if constexpr (TensorList<A>) {
    std::vector<Array> values;
    values.reserve(a.size());
    for (const Tensor& t : a) values.push_back(input_value(t, policy, all...));
    return values;
  } else {
    return (a);
  }
}

template <class Op>
Grads call_backward(const Saved& saved, std::span<const Array> dys) {
  if constexpr (requires { Op::backward(saved, dys); }) {
    return Op::backward(saved, dys);
  } else {
    return Op::backward(saved, dys[0]);
  }
}

Tensor make_output(Array value, const std::shared_ptr<Node>& node, int output);

}  // namespace detail

/// Runs Op::forward on the tensors' values and, when a gradient is wanted, leaves a Node in the graph.
/// Returns Tensor, std::array<Tensor, N> or std::vector<Tensor>, after what Op::forward returns.
template <class Op, class... A>
auto apply(const A&... args) {
  bool wanted = false;
  auto look = [&](const Tensor& t) {
    if (!t.defined() || !t.requires_grad()) return;
    wanted = true;
    if (leaf_recorder && t.is_leaf()) leaf_recorder->push_back(t.shared_impl());
  };
  (detail::for_each_tensor(args, look), ...);

  std::shared_ptr<Node> node;
  if (wanted && grad_enabled) {
    node = std::make_shared<Node>();
    node->name = Op::kName;
    auto link = [&](const Tensor& t) {
      node->inputs.push_back(t.defined() ? t.impl()->edge(t.shared_impl()) : Edge{});
    };
    (detail::for_each_tensor(args, link), ...);
    node->backward = &detail::call_backward<Op>;
  }
  Context ctx(node.get());
  auto result = Op::forward(ctx, detail::unwrap(args, Op::kAutocast, args...)...);

  using R = std::decay_t<decltype(result)>;
  if constexpr (std::same_as<R, Array>) {
    if (anomaly_enabled()) check_finite(result, Op::kName, "output", 0);
    return detail::make_output(std::move(result), node, 0);
  } else {
    if (node) node->outputs = int(result.size());
    auto wrap = [&](size_t i) {
      if (anomaly_enabled()) check_finite(result[i], Op::kName, "output", i);
      return detail::make_output(std::move(result[i]), node, int(i));
    };
    if constexpr (std::same_as<R, std::vector<Array>>) {
      std::vector<Tensor> out;
      for (size_t i = 0; i < result.size(); ++i) out.push_back(wrap(i));
      return out;
    } else {
      std::array<Tensor, std::tuple_size_v<R>> out;
      for (size_t i = 0; i < out.size(); ++i) out[i] = wrap(i);
      return out;
    }
  }
}

}  // namespace genesis::autograd
