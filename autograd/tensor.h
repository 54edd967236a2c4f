#pragma once
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/core/array.h"

namespace genesis {

namespace autograd {
struct Node;
struct TensorImpl;
struct BackwardOptions {
  bool retain_graph = false;  ///< keep what the operations saved, so that backward can run again
};
}  // namespace autograd

/// An Array plus its place in the graph of gradients. Copying a Tensor copies a handle.
///
/// A leaf is made by a user (a parameter, an input); every other tensor is the output of an operation.
/// The gradient of a leaf that requires one is summed into grad() by backward().
class Tensor {
 public:
  Tensor() = default;  ///< undefined: stands for "no tensor" where an operation has an optional input
  explicit Tensor(Array value, bool requires_grad = false);

  bool defined() const { return impl_ != nullptr; }
  const Array& value() const;
  const Shape& shape() const { return value().shape(); }
  int64_t size(int64_t dim) const { return value().dim(dim); }
  int64_t ndim() const { return value().ndim(); }
  int64_t numel() const { return value().numel(); }
  DType dtype() const { return value().dtype(); }
  Device device() const { return value().device(); }

  bool requires_grad() const;
  /// Leaves only. Errors: genesis::Error for the output of an operation.
  Tensor& set_requires_grad(bool on);
  bool is_leaf() const;
  /// The summed gradient; undefined before backward() and after zero_grad().
  Array grad() const;
  /// Forgets the gradient; its memory is kept and the next backward() overwrites it.
  void zero_grad();
  /// Forgets the gradient and frees its memory.
  void drop_grad();

  /// Gradients of every leaf this tensor depends on, with d(this) = 1; this must hold one element.
  void backward(autograd::BackwardOptions options = {}) const;
  /// The same with d(this) = seed, of this tensor's shape.
  void backward(const Array& seed, autograd::BackwardOptions options = {}) const;

  /// The same values outside the graph (no copy).
  Tensor detach() const;
  /// The one element as double. Errors: genesis::Error unless numel() is 1.
  double item() const;
  /// All elements as T, in row-major order. T: double, float, int32_t, int64_t.
  template <class T = double>
  std::vector<T> tolist() const;

  // Views and layout (differentiable; autograd/ops).
  Tensor view(Shape shape) const;
  Tensor reshape(Shape shape) const;
  Tensor select(int64_t dim, int64_t index) const;
  Tensor slice(int64_t dim, int64_t begin, int64_t end) const;
  Tensor transpose(int64_t a, int64_t b) const;
  Tensor unsqueeze(int64_t dim) const;
  Tensor contiguous() const;
  Tensor to(DType dtype) const;
  /// t[i] is select(0, i).
  Tensor operator[](int64_t index) const { return select(0, index); }

  // Reductions (differentiable except argmax; autograd/ops).
  Tensor sum() const;
  Tensor mean() const;
  /// Index of the largest element of the last dimension, i64; the first one wins.
  Tensor argmax() const;

  autograd::TensorImpl* impl() const { return impl_.get(); }
  const std::shared_ptr<autograd::TensorImpl>& shared_impl() const { return impl_; }
  explicit Tensor(std::shared_ptr<autograd::TensorImpl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<autograd::TensorImpl> impl_;
};

/// A tensor from nested lists: tensor({{1, 2, 3}}) is i64 [1, 3]; tensor({0.5, 1.0}) is f32 [2].
Tensor tensor(std::initializer_list<int64_t> values);
Tensor tensor(std::initializer_list<std::initializer_list<int64_t>> rows);
Tensor tensor(const std::vector<std::vector<int64_t>>& rows);

namespace detail {
Tensor tensor_of(const std::vector<int64_t>& values);
Tensor tensor_of(const std::vector<float>& values);
}  // namespace detail

// Literals of other types: without these `tensor({1, 2, 3})` could as well be a list of double.
template <std::integral T>
Tensor tensor(std::initializer_list<T> values) {
  return detail::tensor_of(std::vector<int64_t>(values.begin(), values.end()));
}
template <std::floating_point T>
Tensor tensor(std::initializer_list<T> values) {
  return detail::tensor_of(std::vector<float>(values.begin(), values.end()));
}
template <std::integral T>
Tensor tensor(std::initializer_list<std::initializer_list<T>> rows) {
  std::vector<std::vector<int64_t>> lists;
  for (const auto& row : rows) lists.emplace_back(row.begin(), row.end());
  return tensor(lists);
}
/// Lists made elsewhere: tensor({input_ids}) is i64 [1, input_ids.size()].
template <std::integral T>
Tensor tensor(std::initializer_list<std::vector<T>> rows) {
  std::vector<std::vector<int64_t>> lists;
  for (const auto& row : rows) lists.emplace_back(row.begin(), row.end());
  return tensor(lists);
}

}  // namespace genesis
