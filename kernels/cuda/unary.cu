// One element's formula, 8 elements a thread; forward 2 s, backward 3 s bytes per element. Launch: grid-stride, 256
// threads. Share of peak: not measured.
#include "kernels/unary.h"

#include "kernels/cuda/pointwise.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

__device__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

struct Value {
  UnaryKind kind;
  __device__ float operator()(float x) const {
    switch (kind) {
      case UnaryKind::exp:
        return expf(x);
      case UnaryKind::log:
        return logf(x);
      case UnaryKind::sqrt:
        return sqrtf(x);
      case UnaryKind::square:
        return x * x;
      case UnaryKind::reciprocal:
        return 1.0f / x;
      case UnaryKind::relu:
        return x < 0.0f ? 0.0f : x;
      case UnaryKind::sigmoid:
        return sigmoid(x);
      case UnaryKind::silu:
        return x * sigmoid(x);
      case UnaryKind::tanh:
        break;
    }
    return tanhf(x);
  }
};

/// `s` is the result or the argument, see gradient_uses_result.
struct Slope {
  UnaryKind kind;
  __device__ float operator()(float s, float dy) const {
    switch (kind) {
      case UnaryKind::exp:
        return dy * s;
      case UnaryKind::log:
        return dy / s;
      case UnaryKind::sqrt:
        return dy / (2.0f * s);
      case UnaryKind::square:
        return dy * (2.0f * s);
      case UnaryKind::reciprocal:
        return -dy * s * s;
      case UnaryKind::relu:
        return s > 0.0f ? dy : 0.0f;
      case UnaryKind::sigmoid:
        return dy * s * (1.0f - s);
      case UnaryKind::silu: {
        const float g = sigmoid(s);
        return dy * g * (1.0f + s * (1.0f - g));
      }
      case UnaryKind::tanh:
        break;
    }
    return dy * (1.0f - s * s);
  }
};

}  // namespace

void run_cuda(const UnaryForward& o) {
  if (o.y.numel() == 0) return;
  dispatch_device(o.y.dtype(), [&](auto tag) {
    using T = decltype(tag);
    map<T, T>(o.kName, o.x, o.y, Value{o.kind});
  });
}

void run_cuda(const UnaryBackward& o) {
  if (o.dx.numel() == 0) return;
  dispatch_device(o.dx.dtype(), [&](auto tag) { map_two<decltype(tag)>(o.kName, o.saved, o.dy, o.dx, Slope{o.kind}); });
}

}  // namespace genesis::kernels
