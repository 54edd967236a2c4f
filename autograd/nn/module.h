#pragma once
#include <string>
#include <utility>
#include <vector>

#include "autograd/tensor.h"

namespace genesis::nn {

/// A part of a model: parameters and parts of its own, each under a name.
///   Parts register themselves by reference, so a module stays where it was built: it is neither copied nor
///   moved.
class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  using NamedParameter = std::pair<std::string, Tensor>;
  /// Every parameter once, in registration order, as "part.part.name". A tensor registered under two names (a
  /// tied head) comes under the first.
  std::vector<NamedParameter> named_parameters() const;
  std::vector<Tensor> parameters() const;

  /// Training mode switches dropout on; eval() switches it off. Applies to every part.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }

  /// Forgets all gradients; their memory is kept.
  void zero_grad();

 protected:
  Tensor register_parameter(std::string name, Tensor parameter);
  void register_module(std::string name, Module& part);

 private:
  void collect(const std::string& prefix, std::vector<NamedParameter>& into) const;

  std::vector<NamedParameter> own_;
  std::vector<std::pair<std::string, Module*>> parts_;
  bool training_ = true;
};

/// A trainable leaf of uninitialised memory, counted as parameters by the allocator.
Tensor parameter(Shape shape, DType dtype = DType::f32);

}  // namespace genesis::nn
