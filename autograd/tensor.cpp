#include "autograd/tensor.h"

#include "autograd/engine.h"
#include "autograd/node.h"
#include "autograd/op.h"
#include "kernels/copy.h"
#include "kernels/core/transfer.h"

namespace genesis {
namespace {

template <class T, class Rows>
Array from_rows(const Rows& rows) {
  const auto columns = rows.size() ? rows.begin()->size() : 0;
  std::vector<T> flat;
  for (const auto& row : rows) {
    GENESIS_CHECK(row.size() == columns, "tensor: rows of ", columns, " and of ", row.size(), " elements");
    flat.insert(flat.end(), row.begin(), row.end());
  }
  return Array::from(flat, {int64_t(rows.size()), int64_t(columns)});
}

/// Row-major walk over a strided array; what is on a card is copied first.
template <class Out>
std::vector<Out> elements_of(const Array& given) {
  const Array a =
      given.device() == Device::cpu ? given : on_device(kernels::contiguous(given), Device::cpu);
  std::vector<Out> out;
  out.reserve(size_t(a.numel()));
  dispatch_any(a.dtype(), [&](auto tag) {
    using T = decltype(tag);
    const T* base = a.data<T>();
    Shape index(a.shape().size(), 0);
    for (int64_t n = 0; n < a.numel(); ++n) {
      int64_t at = 0;
      for (size_t d = 0; d < index.size(); ++d) at += index[d] * a.strides()[d];
      if constexpr (std::is_arithmetic_v<T>) {
        out.push_back(Out(base[at]));
      } else {
        out.push_back(Out(float(base[at])));
      }
      for (size_t d = index.size(); d-- > 0;) {
        if (++index[d] < a.shape()[d]) break;
        index[d] = 0;
      }
    }
  });
  return out;
}

}  // namespace

Tensor::Tensor(Array value, bool requires_grad) : impl_(std::make_shared<autograd::TensorImpl>()) {
  GENESIS_CHECK(value.defined(), "a tensor needs a defined array");
  GENESIS_CHECK(!requires_grad || is_floating(value.dtype()), "a tensor of dtype ", name_of(value.dtype()),
                " cannot require a gradient");
  impl_->grad_dtype = value.dtype();
  impl_->value = std::move(value);
  impl_->requires_grad = requires_grad;
}

const Array& Tensor::value() const {
  GENESIS_CHECK(impl_, "the tensor is undefined");
  if (impl_->arrival) autograd::await_value(*impl_);
  return impl_->value;
}

bool Tensor::requires_grad() const { return impl_ && impl_->requires_grad; }
bool Tensor::is_leaf() const { return impl_ && !impl_->producer; }

Tensor& Tensor::set_requires_grad(bool on) {
  GENESIS_CHECK(is_leaf(), "requires_grad is set on leaves only");
  GENESIS_CHECK(!on || is_floating(dtype()), "a tensor of dtype ", name_of(dtype()),
                " cannot require a gradient");
  impl_->requires_grad = on;
  return *this;
}

Array Tensor::grad() const { return impl_ && impl_->grad_filled ? impl_->grad : Array(); }
void Tensor::zero_grad() {
  if (impl_) impl_->grad_filled = false;
}
void Tensor::drop_grad() {
  if (!impl_) return;
  impl_->grad_filled = false;
  impl_->grad = Array();
}

void Tensor::backward(autograd::BackwardOptions options) const {
  GENESIS_CHECK(numel() == 1, "backward without a seed needs a tensor of one element, this one has shape ",
                to_string(shape()));
  backward(Array::full(shape(), 1.0, dtype()), options);
}

void Tensor::backward(const Array& seed, autograd::BackwardOptions options) const {
  GENESIS_CHECK(requires_grad(), "backward from a tensor that depends on nothing that requires a gradient");
  const Array placed = autograd::seed_on(seed, device());
  autograd::run_backward({this, 1}, {&placed, 1}, options);
}

Tensor Tensor::detach() const { return Tensor(value()); }

double Tensor::item() const {
  GENESIS_CHECK(numel() == 1, "item() of a tensor of shape ", to_string(shape()));
  return elements_of<double>(value())[0];
}

template <class T>
std::vector<T> Tensor::tolist() const {
  return elements_of<T>(value());
}
template std::vector<double> Tensor::tolist() const;
template std::vector<float> Tensor::tolist() const;
template std::vector<int32_t> Tensor::tolist() const;
template std::vector<int64_t> Tensor::tolist() const;

Tensor tensor(std::initializer_list<int64_t> values) {
  return Tensor(Array::from(std::vector<int64_t>(values), {int64_t(values.size())}));
}
Tensor tensor(std::initializer_list<std::initializer_list<int64_t>> rows) {
  return Tensor(from_rows<int64_t>(rows));
}
Tensor tensor(const std::vector<std::vector<int64_t>>& rows) { return Tensor(from_rows<int64_t>(rows)); }

namespace detail {
Tensor tensor_of(const std::vector<int64_t>& values) {
  return Tensor(Array::from(values, {int64_t(values.size())}));
}
Tensor tensor_of(const std::vector<float>& values) {
  return Tensor(Array::from(values, {int64_t(values.size())}));
}
}  // namespace detail

namespace autograd::detail {

Tensor make_output(Array value, const std::shared_ptr<Node>& node, int output) {
  Tensor t(std::move(value));
  if (node && is_floating(t.dtype())) {
    t.impl()->requires_grad = true;
    t.impl()->producer = node;
    t.impl()->output = output;
  }
  return t;
}

}  // namespace autograd::detail
}  // namespace genesis
