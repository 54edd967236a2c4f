#include "parallel/ordered/ordered_gradients.h"

#include <gtest/gtest.h>

#include <cstring>

#include "autograd/ops/linear.h"
#include "kernels/core/rng.h"
#include "parallel/host_transport.h"
#include "parallel/local_group.h"

namespace genesis::parallel {
namespace {

constexpr int64_t kSamples = 24, kWidth = 29;

Array noise(Shape shape, uint64_t stream) {
  Array a = Array::empty(std::move(shape), DType::f32);
  for (int64_t i = 0; i < a.numel(); ++i)
    a.data<float>()[i] = float(normal_pair({3, stream}, uint64_t(i))[0]);
  return a;
}

/// Bytes of the summed gradients of a step, and the squares of them.
struct Sums {
  std::vector<std::string> gradients;
  std::vector<double> squares;
};

Sums sums_over(int ranks, ReduceOp op, bool scatter, const LocalGroup::Wrap& wrap) {
  Sums sums;
  LocalGroup::run(
      ranks,
      [&](Communicator& comm) {
        std::vector<DataParallel::NamedParameter> p{{"w", Tensor(noise({kWidth, kWidth}, 1), true)},
                                                    {"b", Tensor(noise({kWidth}, 2), true)},
                                                    {"unused", Tensor(noise({5}, 3), true)}};
        DataParallel gradients(
            p, comm, {.bucket_bytes = 2000, .reduction = {.scatter = scatter, .op = op}, .kept_as = {}});
        const int64_t own = kSamples / comm.size();
        const auto backward = [&](int64_t i) {
          const uint64_t sample = uint64_t(comm.rank() * own + i);
          if (sample == 7) return;  // nothing to learn from
          autograd::linear(Tensor(noise({3, kWidth}, 100 + sample)), p[0].second, p[1].second)
              .backward(noise({3, kWidth}, 200 + sample));
        };
        if (op == ReduceOp::tree_sum) {
          OrderedGradients ordered(gradients);
          ordered.sum(own, backward);
          ordered.sum(own, backward);  // nothing of a step before is left
        } else {
          gradients.set_last_micro_step(false);
          for (int64_t i = 0; i < own; ++i) backward(i);
        }
        gradients.finish();
        const auto squares = gradients.gradient_squares();
        if (comm.rank() == 0) {
          sums.squares = squares;
          for (auto& [name, q] : p)
            sums.gradients.emplace_back(static_cast<const char*>(q.grad().raw()), size_t(q.grad().nbytes()));
        }
        comm.barrier();
      },
      wrap);
  return sums;
}

std::unique_ptr<Transport> threads(std::unique_ptr<Transport> own) { return own; }
std::unique_ptr<Transport> shared_memory(std::unique_ptr<Transport> own) { return HostTransport::make(own); }

TEST(OrderedGradients, AreTheSameBitsForEveryNumberOfRanks) {
  const Sums one = sums_over(1, ReduceOp::tree_sum, false, threads);
  for (const int ranks : {2, 4, 8})
    for (const auto& wrap : {LocalGroup::Wrap(threads), LocalGroup::Wrap(shared_memory)}) {
      const Sums many = sums_over(ranks, ReduceOp::tree_sum, false, wrap);
      EXPECT_TRUE(one.gradients == many.gradients) << ranks;
      EXPECT_EQ(one.squares, many.squares) << ranks;
      EXPECT_EQ(one.squares, sums_over(ranks, ReduceOp::tree_sum, true, wrap).squares) << ranks;
    }
  // The order of ranks, which the default takes, is another one: this test can tell them apart.
  EXPECT_FALSE(one.gradients == sums_over(4, ReduceOp::sum, false, threads).gradients);
}

TEST(OrderedGradients, NeedATreeOverTheRanksToo) {
  EXPECT_THROW(
      LocalGroup::run(2,
                      [](Communicator& comm) {
                        std::vector<DataParallel::NamedParameter> p{{"w", Tensor(noise({2}, 1), true)}};
                        DataParallel gradients(p, comm);
                        OrderedGradients ordered(gradients);
                      }),
      Error);
  EXPECT_THROW(sums_over(3, ReduceOp::tree_sum, false, threads), Error);
}

}  // namespace
}  // namespace genesis::parallel
