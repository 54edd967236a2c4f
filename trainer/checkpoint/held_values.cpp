#include "trainer/checkpoint/held_values.h"

#include <cmath>

#include "kernels/copy.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"

namespace genesis::trainer {
namespace {

/// The values where the CPU can read them, beside each other. Shares memory with `a` when it is like that.
Array on_host(const Array& a) {
  const Array together = kernels::contiguous(a);
  return a.device() == Device::cpu ? together : on_device(together, Device::cpu);
}

void copy(const Array& from, const Array& into) {
  if (from.raw() != into.raw()) kernels::run(kernels::Copy{.src = from, .dst = into});
}

/// The parts of a master as flat arrays on the host.
kernels::SplitArrays flat_on_host(const kernels::SplitArrays& split) {
  const int64_t n = split.second_moment.numel();
  return {on_host(split.weight).view({n}), on_host(split.remainder).view({n, 2}),
          on_host(split.second_moment).view({n})};
}

}  // namespace

HeldValues HeldValues::weight(const optim::AdamWPiece& piece) {
  if (!piece.is_split()) return piece.weight;
  HeldValues held;
  held.split_ = piece.split();
  return held;
}

HeldValues HeldValues::first_moment(const optim::AdamWPiece& piece) { return piece.m; }

HeldValues HeldValues::second_moment(const optim::AdamWPiece& piece) {
  if (!piece.is_split()) return piece.v;
  HeldValues held;
  held.split_.second_moment = piece.v;
  return held;
}

HeldValues HeldValues::slice(int64_t dim, int64_t begin, int64_t end) const {
  HeldValues part = *this;
  for (Array* a : {&part.plain_, &part.split_.weight, &part.split_.remainder, &part.split_.second_moment})
    if (a->defined()) *a = a->slice(dim, begin, end);
  return part;
}

HeldValues HeldValues::view(const Shape& shape) const {
  HeldValues same = *this;
  for (Array* a : {&same.plain_, &same.split_.weight, &same.split_.second_moment})
    if (a->defined()) *a = a->view(shape);
  Shape pairs = shape;
  pairs.push_back(2);
  if (split_.remainder.defined()) same.split_.remainder = split_.remainder.view(pairs);
  return same;
}

Array HeldValues::read() const {
  if (plain_.defined())
    return plain_.device() == Device::cpu ? plain_ : on_device(kernels::contiguous(plain_), Device::cpu);
  const Array out = Array::empty(shape(), DType::f32);
  if (split_.weight.defined()) {
    kernels::run(kernels::JoinMaster{.from = flat_on_host(split_), .master = out.view({out.numel()})});
    return out;
  }
  const Array second = on_host(split_.second_moment);
  for (int64_t i = 0; i < out.numel(); ++i) out.data<float>()[i] = std::abs(second.data<float>()[i]);
  return out;
}

void HeldValues::write(const Array& values) const {
  if (plain_.defined()) return copy(values, plain_);
  if (split_.weight.defined()) {
    const kernels::SplitArrays parts = flat_on_host(split_);
    kernels::run(kernels::SplitMaster{.master = values.view({values.numel()}), .into = parts});
    copy(parts.weight.view(split_.weight.shape()), split_.weight);
    copy(parts.remainder.view(split_.remainder.shape()), split_.remainder);
    return copy(parts.second_moment.view(split_.second_moment.shape()), split_.second_moment);
  }
  const Array second = on_host(split_.second_moment);
  for (int64_t i = 0; i < values.numel(); ++i)
    second.data<float>()[i] = std::copysign(values.data<float>()[i], second.data<float>()[i]);
  copy(second, split_.second_moment);
}

}  // namespace genesis::trainer
