#include "parallel/zero/sharded_optimizer.h"

#include <gtest/gtest.h>

#include <cstring>

#include "autograd/ops/linear.h"
#include "kernels/core/rng.h"
#include "parallel/host_transport.h"
#include "parallel/local_group.h"

namespace genesis::parallel {
namespace {

using NamedParameter = DataParallel::NamedParameter;
constexpr int64_t kWidth = 37, kRows = 4;  // odd, so that slices cut parameters
constexpr int kLayers = 4, kSteps = 5;

Array random_array(Shape shape, uint64_t stream, DType dtype = DType::f32) {
  Array a = Array::empty(std::move(shape), dtype);
  for (int64_t i = 0; i < a.numel(); ++i) {
    const float v = float(normal_pair({7, stream}, uint64_t(i))[0]);
    if (dtype == DType::bf16) a.data<bf16>()[i] = bf16(v);
    if (dtype == DType::f32) a.data<float>()[i] = v;
  }
  return a;
}

struct Chain {
  std::vector<NamedParameter> parameters;

  explicit Chain(DType dtype) {
    for (int i = 0; i < kLayers; ++i) {
      add("weight" + std::to_string(i), {kWidth, kWidth}, dtype);
      add("bias" + std::to_string(i), {kWidth}, dtype);
    }
    add("unused", {3}, dtype);
  }
  void add(const std::string& name, Shape shape, DType dtype) {
    parameters.emplace_back(name, Tensor(random_array(std::move(shape), parameters.size(), dtype), true));
  }
  void backward(int64_t begin, int64_t end, int step) {
    const DType dtype = parameters[0].second.dtype();
    Tensor y{random_array({kRows, kWidth}, uint64_t(1000 + step), dtype).slice(0, begin, end)};
    for (size_t i = 0; i < kLayers; ++i)
      y = autograd::linear(y, parameters[2 * i].second, parameters[2 * i + 1].second);
    y.backward(random_array({kRows, kWidth}, uint64_t(2000 + step), dtype).slice(0, begin, end));
  }
};

/// Bytes of all weights and of all moments, whole, after kSteps steps.
struct Outcome {
  std::vector<std::string> weights, moments;
  std::vector<double> squares;
  int64_t optimizer_bytes = 0;
};

std::string bytes_of(const Array& a) { return {static_cast<const char*>(a.raw()), size_t(a.nbytes())}; }

/// Puts every rank's pieces together through the one thing they share: which elements they are.
std::vector<std::string> whole_moments(const std::vector<NamedParameter>& parameters,
                                       const optim::AdamW& adamw, Communicator& comm) {
  std::vector<std::string> all;
  for (bool second : {false, true})
    for (size_t i = 0; i < parameters.size(); ++i) {
      const int64_t count = parameters[i].second.numel(), width = size_of(adamw.pieces().front().m.dtype());
      const Array whole = Array::zeros({count * width}, DType::u8);
      for (const auto& p : adamw.pieces()) {
        if (p.parameter != i || (adamw.is_whole() && comm.rank() > 0)) continue;
        std::memcpy(static_cast<char*>(whole.raw()) + p.begin * width, (second ? p.v : p.m).raw(),
                    size_t(p.count() * width));
      }
      comm.all_reduce(whole, ReduceOp::sum);  // each element is one rank's: a sum of bytes with zeros
      all.push_back(bytes_of(whole));
    }
  return all;
}

Outcome train(int ranks, bool sharded, DType dtype, const LocalGroup::Wrap& wrap, DType reduce = DType::f32) {
  Outcome outcome;
  LocalGroup::run(
      ranks,
      [&](Communicator& comm) {
        Chain model(dtype);
        DataParallel gradients(
            model.parameters, comm,
            {.bucket_bytes = 9000, .reduction = {.scatter = sharded, .dtype = reduce}, .kept_as = {}});
        ShardedOptimizer optimizer(gradients, {.lr = 0.01, .rounding_seed = 3});
        const int64_t each = kRows / comm.size();
        std::vector<double> squares;
        for (int step = 0; step < kSteps; ++step) {
          optimizer.adamw().zero_grad();
          model.backward(comm.rank() * each, (comm.rank() + 1) * each, step);
          gradients.finish();
          squares = gradients.gradient_squares();
          optimizer.step(0.5);
        }
        auto moments = whole_moments(model.parameters, optimizer.adamw(), comm);
        int64_t bytes = 0;
        for (const auto& p : optimizer.adamw().pieces()) bytes += p.m.nbytes() + p.v.nbytes();
        if (comm.rank() == comm.size() - 1) {  // not the root of anything
          for (const auto& [name, p] : model.parameters) outcome.weights.push_back(bytes_of(p.value()));
          outcome.moments = std::move(moments);
          outcome.squares = squares;
          outcome.optimizer_bytes = bytes;
        }
        comm.barrier();
      },
      wrap);
  return outcome;
}

std::unique_ptr<Transport> threads(std::unique_ptr<Transport> own) { return own; }
std::unique_ptr<Transport> shared_memory(std::unique_ptr<Transport> own) { return HostTransport::make(own); }

/// Which of the byte strings differ: never printed themselves.
std::vector<size_t> differing(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  EXPECT_EQ(a.size(), b.size());
  std::vector<size_t> all;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (a[i] != b[i]) all.push_back(i);
  return all;
}
const std::vector<size_t> kNone;

class ShardedOptimizerOver : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, ShardedOptimizerOver, ::testing::Values(1, 2, 4));

TEST_P(ShardedOptimizerOver, GivesTheBitsOfWholeState) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const auto& wrap : {LocalGroup::Wrap(threads), LocalGroup::Wrap(shared_memory)}) {
      const Outcome whole = train(GetParam(), false, dtype, wrap),
                    sharded = train(GetParam(), true, dtype, wrap);
      EXPECT_EQ(differing(whole.weights, sharded.weights), kNone) << name_of(dtype);
      EXPECT_EQ(differing(whole.moments, sharded.moments), kNone) << name_of(dtype);
      for (size_t i = 0; i < whole.squares.size(); ++i)
        EXPECT_NEAR(sharded.squares[i], whole.squares[i], 1e-13 * whole.squares[i]);
    }
}

TEST_P(ShardedOptimizerOver, EachRankKeepsItsShareOfTheState) {
  const Outcome whole = train(GetParam(), false, DType::f32, threads),
                sharded = train(GetParam(), true, DType::f32, threads);
  // The last rank's slice ends in the padding of every bucket: five here.
  EXPECT_LE(sharded.optimizer_bytes, whole.optimizer_bytes / GetParam());
  EXPECT_GE(sharded.optimizer_bytes, whole.optimizer_bytes / GetParam() - 2 * 5 * 64 * GetParam());
}

TEST(ShardedOptimizer, NarrowSumsAreRoundedOnceAndHalfTheBytes) {
  for (const bool sharded : {false, true}) {
    const Outcome exact = train(2, sharded, DType::f32, threads),
                  narrow = train(2, sharded, DType::f32, threads, DType::bf16);
    EXPECT_NE(differing(exact.weights, narrow.weights), kNone);
    for (size_t i = 0; i < exact.squares.size(); ++i)
      EXPECT_NEAR(narrow.squares[i], exact.squares[i], 0.02 * exact.squares[i] + 1e-9);
  }
  EXPECT_EQ(differing(train(2, false, DType::f32, threads, DType::bf16).weights,
                      train(2, true, DType::f32, shared_memory, DType::bf16).weights),
            kNone);
}

TEST(ShardedOptimizer, LogsWhatItPredicts) {
  for (const bool sharded : {false, true})
    for (const DType reduce : {DType::f32, DType::bf16})
      LocalGroup::run(3, [&](Communicator& comm) {
        Chain model(DType::f32);
        DataParallel gradients(
            model.parameters, comm,
            {.bucket_bytes = 9000, .reduction = {.scatter = sharded, .dtype = reduce}, .kept_as = {}});
        ShardedOptimizer optimizer(gradients, {});
        const int64_t before = comm.traffic().bytes;
        model.backward(comm.rank(), comm.rank() + 1, 0);
        gradients.finish();
        optimizer.step();
        EXPECT_EQ(comm.traffic().bytes - before, gradients.bytes_per_step() + optimizer.bytes_per_step());
        EXPECT_GT(gradients.bytes_per_step(), 0);
        EXPECT_EQ(optimizer.bytes_per_step() > 0, sharded);
        for (const auto& record : comm.log()) EXPECT_EQ(record.group, "world");
      });
}

TEST(ShardedOptimizer, MastersStayWithTheirOwnerAndValuesAreNarrow) {
  LocalGroup::run(2, [&](Communicator& comm) {
    Chain model(DType::f32), reference(DType::f32);
    DataParallel gradients(
        model.parameters, comm,
        {.bucket_bytes = 9000, .reduction = {.scatter = true}, .kept_as = [](const Tensor& p) {
           return p.ndim() == 2 ? DType::bf16 : DType::f32;
         }});
    ShardedOptimizer optimizer(gradients, {.lr = 1e-4});
    EXPECT_EQ(model.parameters[0].second.dtype(), DType::bf16);
    EXPECT_EQ(model.parameters[1].second.dtype(), DType::f32);
    // An update far below bf16's resolution moves the master and, in the end, the value.
    for (int step = 0; step < 60; ++step) {
      for (auto& [name, p] : model.parameters) p.zero_grad();
      if (step > 0)
        for (auto& [name, p] : model.parameters) static_cast<void>(p.value());
      for (auto& [name, p] : model.parameters) p.backward(Array::full(p.shape(), 1.0, p.dtype()));
      gradients.finish();
      optimizer.step();
    }
    const Array moved = model.parameters[0].second.value();
    const Array start = reference.parameters[0].second.value();
    double change = 0;
    for (int64_t i = 0; i < moved.numel(); ++i)
      change += start.data<float>()[i] - float(moved.data<bf16>()[i]);
    EXPECT_NEAR(change / double(moved.numel()), 60e-4, 12e-4);
  });
}

}  // namespace
}  // namespace genesis::parallel
