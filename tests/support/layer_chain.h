#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autograd/op.h"
#include "parallel/zero/sharded_optimizer.h"

namespace genesis::testing {

/// How the layers of a chain pass time: asleep, or on a clock of their own.
using Spend = std::function<void(double seconds)>;

/// A layer that takes its time and reads its parameter: y = x + 0 w, so many seconds forward and twice that
/// backward.
struct TimedLayer {
  static constexpr const char* kName = "timed_layer";
  static constexpr autograd::Autocast kAutocast = autograd::Autocast::keep;
  struct Time {
    double seconds;
    const Spend* spend;
  };

  static Array forward(autograd::Context& ctx, const Array& x, const Array& w, const Time& time) {
    ctx.save(w);
    ctx.keep(time);
    (*time.spend)(time.seconds);
    return x;
  }
  static autograd::Grads backward(const autograd::Saved& saved, const Array& dy) {
    const Time& time = saved.attributes<Time>();
    (*time.spend)(2 * time.seconds);
    return {dy, Array::zeros(saved.get<1>()[0].shape(), DType::f32)};
  }
};

/// Data-parallel steps of a chain of such layers, a bucket each.
class LayerChain {
 public:
  struct Shape {
    int layers = 20;
    int64_t width = 25'000;  ///< parameters of a layer, f32
    double forward = 8e-3;   ///< s of a layer
    bool sharded = false;    ///< ZeRO-1
    double compute() const { return 3 * forward * layers; }
    /// Bytes that a step moves, each counted once: all_reduce; or reduce_scatter and all_gather.
    double bytes() const { return double(layers) * double(width) * 4 * (sharded ? 2 : 1); }
  };

  LayerChain(parallel::Communicator& ranks, const Shape& shape, Spend spend)
      : shape_(shape),
        spend_(std::move(spend)),
        parameters_(parameters_of(shape)),
        gradients_(
            parameters_, ranks,
            {.bucket_bytes = shape.width * 4, .reduction = {.scatter = shape.sharded}, .kept_as = {}}),
        optimizer_(gradients_, {}) {}

  void step() {
    optimizer_.adamw().zero_grad();
    Tensor y = Tensor(Array::zeros({4}, DType::f32));
    for (auto& [name, w] : parameters_)
      y = autograd::apply<TimedLayer>(y, w, TimedLayer::Time{shape_.forward, &spend_});
    y.backward(Array::full({4}, 1, DType::f32));
    gradients_.finish();
    optimizer_.step();
  }
  /// Waits for what the last step left under way.
  void settle() {
    for (auto& [name, w] : parameters_) static_cast<void>(w.value());
  }

 private:
  static std::vector<parallel::DataParallel::NamedParameter> parameters_of(const Shape& shape) {
    std::vector<parallel::DataParallel::NamedParameter> all;
    for (int i = 0; i < shape.layers; ++i)
      all.emplace_back("w" + std::to_string(i), Tensor(Array::zeros({shape.width}, DType::f32), true));
    return all;
  }

  Shape shape_;
  Spend spend_;
  std::vector<parallel::DataParallel::NamedParameter> parameters_;
  parallel::DataParallel gradients_;
  parallel::ShardedOptimizer optimizer_;
};

}  // namespace genesis::testing
