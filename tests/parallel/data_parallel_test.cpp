#include "parallel/data_parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>

#include "autograd/node.h"
#include "autograd/ops/linear.h"
#include "kernels/core/rng.h"
#include "parallel/host_transport.h"
#include "parallel/local_group.h"
#include "tests/support/forwarding_transport.h"

namespace genesis::parallel {
namespace {

constexpr int64_t kWidth = 6, kSamples = 4;
constexpr int kLayers = 5;
using NamedParameter = DataParallel::NamedParameter;

Array random_array(Shape shape, uint64_t stream) {
  Array a = Array::empty(std::move(shape), DType::f64);
  for (int64_t i = 0; i < a.numel(); ++i) a.data<double>()[i] = normal_pair({7, stream}, uint64_t(i))[0];
  return a;
}

/// y = a chain of linear layers; the weight of the last is the first's too, and one parameter is never used.
struct Chain {
  std::vector<NamedParameter> parameters;

  Chain() {
    for (int i = 0; i < kLayers; ++i) {
      add("weight" + std::to_string(i), {kWidth, kWidth});
      add("bias" + std::to_string(i), {kWidth});
    }
    add("unused", {3});
    parameters.emplace_back("frozen", Tensor(random_array({2}, 99)));
  }
  void add(const std::string& name, Shape shape) {
    parameters.emplace_back(name, Tensor(random_array(std::move(shape), parameters.size()), true));
  }
  Tensor operator()(const Array& x) const {
    Tensor y{x};
    for (size_t i = 0; i < kLayers; ++i) {
      y = autograd::linear(y, parameters[2 * i].second, parameters[2 * i + 1].second);
    }
    return autograd::linear(y, parameters[0].second);
  }
  void zero_grad() {
    for (auto& p : parameters) p.second.zero_grad();
  }
};

/// Backward of samples [begin, end), each with its own random dy (so the "loss" is a plain sum over samples).
void backward_of(const Chain& model, int64_t begin, int64_t end) {
  const Array x = random_array({kSamples, kWidth}, 1000).slice(0, begin, end);
  const Array dy = random_array({kSamples, kWidth}, 1001).slice(0, begin, end);
  model(x).backward(dy);
}

std::vector<double> gradients(const Chain& model) {
  std::vector<double> all;
  for (const auto& [name, p] : model.parameters) {
    if (!p.requires_grad()) continue;
    const Array g = p.grad();
    for (int64_t i = 0; i < p.numel(); ++i) all.push_back(g.defined() ? g.data<double>()[i] : 0.0);
  }
  return all;
}

std::vector<double> gradients_of_one_rank() {
  Chain model;
  backward_of(model, 0, kSamples);
  return gradients(model);
}

void expect_close(const std::vector<double>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  double scale = 0, worst = 0;
  for (double w : want) scale = std::max(scale, std::abs(w));
  for (size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(got[i] - want[i]));
  EXPECT_GT(scale, 1.0);
  EXPECT_LT(worst, 1e-12 * scale);
}

DataParallelOptions small_buckets() { return {.bucket_bytes = 600}; }

class DataParallelOver : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, DataParallelOver, ::testing::Values(1, 2, 4));

TEST_P(DataParallelOver, GradientsEqualThoseOfOneRank) {
  const auto want = gradients_of_one_rank();
  LocalGroup::run(GetParam(), [&](Communicator& comm) {
    Chain model;
    DataParallel replicas(model.parameters, comm, small_buckets());
    EXPECT_GT(replicas.bucket_count(), 4);
    const int64_t each = kSamples / comm.size();
    for (int step = 0; step < 3; ++step) {  // the second step overwrites what the first left
      model.zero_grad();
      backward_of(model, comm.rank() * each, (comm.rank() + 1) * each);
      replicas.finish();
      expect_close(gradients(model), want);
    }
  });
}

TEST_P(DataParallelOver, AccumulationCommunicatesOncePerStep) {
  const auto want = gradients_of_one_rank();
  LocalGroup::run(GetParam(), [&](Communicator& comm) {
    Chain model;
    DataParallel replicas(model.parameters, comm, small_buckets());
    const Traffic before = comm.traffic();
    const int64_t each = kSamples / comm.size();
    model.zero_grad();
    for (int64_t i = 0; i < each; ++i) {
      replicas.set_last_micro_step(i + 1 == each);
      backward_of(model, comm.rank() * each + i, comm.rank() * each + i + 1);
      if (i + 1 < each) {
        EXPECT_EQ(comm.traffic().calls, before.calls);
      }
    }
    replicas.finish();
    expect_close(gradients(model), want);
    const bool alone = comm.size() == 1;
    EXPECT_EQ(comm.traffic().calls - before.calls, alone ? 0 : replicas.bucket_count());
    EXPECT_EQ(comm.traffic().bytes - before.bytes, replicas.bytes_per_step());
    int64_t padded = 0;
    for (const auto& [name, p] : model.parameters) {
      if (p.requires_grad()) padded += (p.numel() * 8 + 63) / 64 * 64;
    }
    EXPECT_EQ(replicas.bytes_per_step(), alone ? 0 : padded);
  });
}

TEST(DataParallel, ARankWithoutSupervisedTokensTakesPart) {
  const auto want = gradients_of_one_rank();
  LocalGroup::run(3, [&](Communicator& comm) {
    Chain model;
    DataParallel replicas(model.parameters, comm, small_buckets());
    backward_of(model, 0, kSamples);  // a step before: nothing of it may be left
    replicas.finish();
    model.zero_grad();
    if (comm.rank() == 0) backward_of(model, 0, 3);
    if (comm.rank() == 2) {
      replicas.set_last_micro_step(false);
      backward_of(model, 3, kSamples);
      replicas.set_last_micro_step(true);  // and nothing in the last micro-step
    }
    replicas.finish();
    expect_close(gradients(model), want);
  });
}

TEST(DataParallel, OrderOfCompletionDoesNotMatter) {
  // Each rank hands its gradients in by hooks in an order of its own; buckets leave in one order all the
  // same.
  LocalGroup::run(3, [&](Communicator& comm) {
    Chain model;
    DataParallel replicas(model.parameters, comm, small_buckets());
    std::vector<size_t> order(2 * kLayers + 1);
    std::iota(order.begin(), order.end(), size_t{0});
    std::rotate(order.begin(), order.begin() + 4 * comm.rank(), order.end());
    if (comm.rank() == 2) std::reverse(order.begin(), order.end());
    for (size_t i : order) {
      const Tensor& p = model.parameters[i].second;
      p.backward(Array::full(p.shape(), double(i + 1) * (comm.rank() + 1), DType::f64));
    }
    replicas.finish();
    for (size_t i : order) {
      const Tensor& p = model.parameters[i].second;
      for (int64_t k = 0; k < p.numel(); ++k) EXPECT_EQ(p.grad().data<double>()[k], double(i + 1) * 6);
    }
    std::vector<int64_t> counts;
    for (const auto& record : comm.log()) counts.push_back(record.count);
    EXPECT_EQ(int64_t(counts.size()), replicas.bucket_count());
  });
}

TEST(DataParallel, ABucketLeavesWithItsLastGradientAndNotBefore) {
  LocalGroup::run(2, [&](Communicator& comm) {
    Chain model;
    DataParallel replicas(model.parameters, comm);
    ASSERT_EQ(replicas.bucket_count(), 1);
    const int64_t before = comm.traffic().calls;
    int ready = 0;
    for (const auto& [name, p] : model.parameters) {
      if (!p.requires_grad()) continue;
      autograd::on_gradient_ready(
          p, [&] { EXPECT_EQ(comm.traffic().calls - before, ++ready == 2 * kLayers + 1); });
    }
    const Tensor& unused = model.parameters[2 * kLayers].second;
    unused.backward(Array::zeros(unused.shape(), DType::f64));
    backward_of(model, 0, 1);
    EXPECT_EQ(ready, 2 * kLayers + 1);
    replicas.finish();
  });
}

TEST(DataParallel, ASecondBackwardAfterTheLastMicroStepIsRefused) {
  LocalGroup::run(2, [&](Communicator& comm) {
    Chain model;
    DataParallel replicas(model.parameters, comm);
    backward_of(model, 0, 1);
    try {
      backward_of(model, 1, 2);
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("second backward()"), std::string::npos) << e.what();
    }
  });
}

/// Tells a test when the first call begins on the communication thread.
class WatchedTransport final : public testing::ForwardingTransport {
 public:
  struct Events {
    std::mutex mutex;
    std::condition_variable changed;
    int started = 0;
    bool wait_for_start() {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, std::chrono::seconds(20), [&] { return started > 0; });
    }
  };
  WatchedTransport(std::unique_ptr<Transport> inner, Events& events)
      : ForwardingTransport(std::move(inner)), events_(events) {}

 protected:
  void before(const Call&) override {
    {
      std::lock_guard lock(events_.mutex);
      ++events_.started;
      events_.changed.notify_all();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a slow network
  }

 private:
  Events& events_;
};

TEST(DataParallel, SumsRunWhileBackwardStillRuns) {
  const auto want = gradients_of_one_rank();
  WatchedTransport::Events events;
  LocalGroup::run(
      2,
      [&](Communicator& comm) {
        Chain model;
        DataParallel replicas(model.parameters, comm, small_buckets());
        // bias0 is complete last but for weight0. Backward stops here until a sum has begun: without overlap,
        // forever.
        bool overlapped = false;
        autograd::on_gradient_ready(model.parameters[1].second,
                                    [&] { overlapped = events.wait_for_start(); });
        // "unused" is the last parameter, so it stands in the first bucket: give it a gradient first.
        const Tensor& unused = model.parameters[2 * kLayers].second;
        unused.backward(Array::zeros(unused.shape(), DType::f64));
        backward_of(model, 2 * comm.rank(), 2 * comm.rank() + 2);
        EXPECT_TRUE(overlapped);
        replicas.finish();
        expect_close(gradients(model), want);
      },
      [&](std::unique_ptr<Transport> own) {
        return std::make_unique<WatchedTransport>(std::move(own), events);
      });
}

TEST(DataParallel, GradientsInSharedMemoryAreCountedAsGradients) {
  const auto at_start = memory_stats();
  LocalGroup::run(
      2,
      [&](Communicator& comm) {
        Chain model;
        DataParallel replicas(model.parameters, comm, small_buckets());
        comm.barrier();
        const auto grown = memory_stats().current[size_t(MemoryCategory::gradients)] -
                           at_start.current[size_t(MemoryCategory::gradients)];
        EXPECT_EQ(grown, 2 * replicas.bytes_per_step());
        comm.barrier();
      },
      [](std::unique_ptr<Transport> own) { return HostTransport::make(own); });
  EXPECT_EQ(memory_stats().current_total, at_start.current_total);
}

TEST(DataParallel, BroadcastGivesEveryoneTheRootsValues) {
  LocalGroup::run(3, [&](Communicator& comm) {
    Chain model;
    for (auto& [name, p] : model.parameters) p.value().data<double>()[0] += comm.rank();
    broadcast_parameters(model.parameters, comm, 1);
    Chain fresh;
    for (size_t i = 0; i < model.parameters.size(); ++i) {
      EXPECT_EQ(model.parameters[i].second.value().data<double>()[0],
                fresh.parameters[i].second.value().data<double>()[0] + 1);
    }
  });
}

TEST(DataParallel, HooksOutliveIt) {
  auto comm = solo_communicator();
  Chain model;
  { DataParallel replicas(model.parameters, *comm); }
  backward_of(model, 0, 1);  // the gradient buffers are still there, the hooks are silent
  EXPECT_EQ(comm->traffic().calls, 0);
  EXPECT_THROW(DataParallel({}, *comm), Error);
}

}  // namespace
}  // namespace genesis::parallel
