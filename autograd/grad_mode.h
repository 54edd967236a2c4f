#pragma once

namespace genesis {

namespace autograd {
/// Whether operations of this thread record what backward needs.
inline thread_local bool grad_enabled = true;

/// Sets grad_enabled until the end of the scope.
class GradMode {
 public:
  explicit GradMode(bool on) : previous_(grad_enabled) { grad_enabled = on; }
  ~GradMode() { grad_enabled = previous_; }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};
}  // namespace autograd

/// Operations of this thread record nothing while the object lives: `genesis::no_grad guard;`.
struct no_grad : autograd::GradMode {
  no_grad() : GradMode(false) {}
};

/// Recording inside a no_grad scope.
struct enable_grad : autograd::GradMode {
  enable_grad() : GradMode(true) {}
};

}  // namespace genesis
