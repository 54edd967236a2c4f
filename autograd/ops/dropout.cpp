#include "autograd/ops/dropout.h"

#include "autograd/op.h"
#include "autograd/random.h"
#include "kernels/copy.h"
#include "kernels/dropout.h"

namespace genesis::autograd {
namespace {

struct Dropout {
  static constexpr const char* kName = "dropout";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct Settings {
    double p;
    RandomStream stream;
  };

  static Array masked(const Array& x, const Settings& s) {
    Array y = Array::empty(x.shape(), x.dtype(), x.device());
    kernels::run(kernels::Dropout{.x = kernels::contiguous(x), .p = s.p, .stream = s.stream, .y = y});
    return y;
  }
  static Array forward(Context& ctx, const Array& x, double p) {
    const Settings settings{p, next_random_stream()};
    ctx.keep(settings);
    return masked(x, settings);
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    return {masked(dy, saved.attributes<Settings>())};
  }
};

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training) {
  GENESIS_CHECK(p >= 0 && p < 1, "dropout: probability ", p, " is outside [0, 1)");
  if (!training || p == 0) return x;
  return apply<Dropout>(x, p);
}

}  // namespace genesis::autograd
