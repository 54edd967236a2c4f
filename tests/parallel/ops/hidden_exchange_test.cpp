// That exchanges run while products do: every call is held back until so many products of both ranks have
// ended. A layer that waited for the call first would never get there.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "kernels/core/profile.h"
#include "parallel/local_group.h"
#include "parallel/ops/column_linear.h"
#include "parallel/ops/row_linear.h"
#include "tests/support/forwarding_transport.h"
#include "tests/support/random_array.h"

namespace genesis::parallel {
namespace {

constexpr int kRanks = 2;
constexpr int64_t kRows = 64, kWidth = 24;

int64_t products(const char* kernel) {
  for (const ProfileEntry& e : profile_entries())
    if (e.name == kernel) return e.calls;
  return 0;
}

/// Holds call n until `kernel` has ended needed[n] times on every rank.
class HoldingTransport final : public testing::ForwardingTransport {
 public:
  using Needed = std::map<int64_t, int64_t>;
  HoldingTransport(std::unique_ptr<Transport> inner, const char* kernel, const Needed& needed,
                   std::atomic<bool>& in_vain)
      : ForwardingTransport(std::move(inner)), kernel_(kernel), needed_(needed), in_vain_(in_vain) {}

 protected:
  void before(const Call& call) override {
    const auto n = needed_.find(call.sequence);
    if (n == needed_.end() || in_vain_) return;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (products(kernel_) < kRanks * n->second) {
      if (std::chrono::steady_clock::now() > end) {
        in_vain_ = true;
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

 private:
  const char* kernel_;
  const Needed& needed_;
  std::atomic<bool>& in_vain_;
};

using Layer = std::function<Tensor(const Tensor& x, const TensorParallel& tp)>;

Tensor column(const Tensor& x, const TensorParallel& tp) {
  return column_linear(x, Tensor(testing::random_array({kWidth / kRanks, kWidth}, DType::f32, 1), true), {},
                       tp);
}
Tensor row(const Tensor& x, const TensorParallel& tp) {
  return row_linear(x, Tensor(testing::random_array({kWidth, kWidth}, DType::f32, 2), true), {}, tp);
}

/// Whether the calls that `layer` makes forward and backward can wait for so many products.
bool hides(const Layer& layer, int64_t rows, bool sequence, int chunks,
           const HoldingTransport::Needed& forward, const HoldingTransport::Needed& backward) {
  std::atomic<bool> in_vain = false;
  for (const bool back : {false, true}) {
    const HoldingTransport::Needed none;
    set_profiling(true);
    LocalGroup::run(
        kRanks,
        [&](Communicator& group) {
          const TensorParallel tp{&group, sequence, {chunks}};
          const Tensor x(testing::random_array({rows, kWidth}, DType::f32, 3), true);
          const Tensor y = layer(x, tp);
          if (back) y.backward(Array::full(y.shape(), 1, DType::f32));
        },
        [&](std::unique_ptr<Transport> own) {
          return std::make_unique<HoldingTransport>(std::move(own),
                                                    back ? "linear.backward" : "linear.forward",
                                                    back ? backward : forward, in_vain);
        });
    set_profiling(false);
  }
  return !in_vain;
}

// Calls are numbered from 0, forward first.

TEST(HiddenExchange, InputGradientsOfAColumnLayerAreSummedUnderTheWeights) {
  EXPECT_TRUE(hides(column, kRows, false, 1, {}, {{0, 2}}));
  EXPECT_TRUE(hides(column, kRows, false, 4, {}, {{0, 5}}));
  // Call 0 gathers x forward; 1 gathers it again under dx, 2 scatters the sums of dx under dW.
  EXPECT_TRUE(hides(column, kRows / kRanks, true, 1, {}, {{1, 1}, {2, 2}}));
}

TEST(HiddenExchange, ChunksOfAColumnLayersInputArriveUnderItsProduct) {
  EXPECT_TRUE(hides(column, kRows / kRanks, true, 4, {{1, 1}, {2, 2}, {3, 3}}, {}));
}

TEST(HiddenExchange, ChunksOfARowLayersOutputAreSummedUnderItsProduct) {
  for (const bool sequence : {false, true}) EXPECT_TRUE(hides(row, kRows, sequence, 4, {{0, 4}}, {}));
}

TEST(HiddenExchange, ChunksOfARowLayersOutputGradientArriveUnderItsProduct) {
  // Calls 0 to 3 are those of forward.
  EXPECT_TRUE(hides(row, kRows, true, 4, {}, {{5, 1}, {6, 2}, {7, 3}}));
}

}  // namespace
}  // namespace genesis::parallel
