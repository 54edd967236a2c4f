#include "autograd/nn/module.h"

#include <unordered_set>

namespace genesis::nn {

std::vector<Module::NamedParameter> Module::named_parameters() const {
  std::vector<NamedParameter> all, unique;
  collect("", all);
  std::unordered_set<const autograd::TensorImpl*> seen;
  for (auto& p : all)
    if (seen.insert(p.second.impl()).second) unique.push_back(std::move(p));
  return unique;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> tensors;
  for (auto& [name, tensor] : named_parameters()) tensors.push_back(tensor);
  return tensors;
}

void Module::train(bool on) {
  training_ = on;
  for (auto& [name, part] : parts_) part->train(on);
}

void Module::zero_grad() {
  for (Tensor& t : parameters()) t.zero_grad();
}

Tensor Module::register_parameter(std::string name, Tensor parameter) {
  GENESIS_CHECK(parameter.is_leaf(), "parameter ", name, " must be a leaf");
  own_.emplace_back(std::move(name), parameter);
  return parameter;
}

void Module::register_module(std::string name, Module& part) { parts_.emplace_back(std::move(name), &part); }

void Module::collect(const std::string& prefix, std::vector<NamedParameter>& into) const {
  for (auto& [name, tensor] : own_) into.emplace_back(prefix + name, tensor);
  for (auto& [name, part] : parts_) part->collect(prefix + name + ".", into);
}

Tensor parameter(Shape shape, DType dtype) {
  MemoryScope scope(MemoryCategory::parameters);
  return Tensor(Array::empty(std::move(shape), dtype, default_device), true);
}

}  // namespace genesis::nn
