#pragma once
// Every call of a communicator on arrays of a card, in every dtype, whatever carries it.
#include <string>

#include "kernels/core/transfer.h"
#include "parallel/communicator.h"
#include "tests/support/random_array.h"

namespace genesis::parallel::testing {

inline Array on_card(int64_t n, double first, DType dtype = DType::f32) {
  const Array host = Array::empty({n}, dtype);
  dispatch_any(dtype, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t i = 0; i < n; ++i) host.data<T>()[i] = T(float(first + double(i)));
  });
  return on_device(host, Device::cuda);
}

/// Whether element i of `x` is first + step i, for a few i; says what differs.
inline std::string differs(const std::string& what, const Array& x, double first, double step = 1) {
  const auto values = genesis::testing::values_of(on_device(x, Device::cpu));
  for (const size_t i : {size_t{0}, values.size() / 2, values.size() - 1})
    if (values[i] != first + step * double(i))
      return what + ": element " + std::to_string(i) + " of " + std::to_string(values.size()) + " is " +
             std::to_string(values[i]) + ", expected " + std::to_string(first + step * double(i));
  return "";
}

/// Small whole numbers, so that sums are exact in every dtype. Returns what was wrong, or "".
inline std::string wrong_collective(Communicator& ranks, DType dtype) {
  const int64_t n = 20;
  const double size = ranks.size(), rank = ranks.rank(), sum = size * (size - 1) / 2;
  const auto named = [&](const char* what) {
    return std::string(what) + " of " + std::string(name_of(dtype));
  };
  std::string wrong;
  const auto expect = [&](const char* what, const Array& x, double first, double step = 1) {
    if (wrong.empty()) wrong = differs(named(what), x, first, step);
  };
  const Array x = on_card(n, rank, dtype);
  ranks.all_reduce(x);
  expect("all_reduce sum", x, sum, size);
  const Array most = on_card(n, rank, dtype), least = on_card(n, rank, dtype);
  const Pending pending = ranks.all_reduce_async(most, ReduceOp::max);
  ranks.all_reduce(least, ReduceOp::min);
  pending.wait();
  expect("all_reduce max", most, size - 1);
  expect("all_reduce min", least, 0);
  const Array own = Array::empty({n}, dtype, Device::cuda);
  ranks.reduce_scatter(on_card(n * ranks.size(), 0, dtype), own);
  expect("reduce_scatter", own, size * rank * double(n), size);
  const Array all = Array::empty({n * ranks.size()}, dtype, Device::cuda);
  ranks.all_gather(on_card(n, rank * double(n), dtype), all);
  expect("all_gather", all, 0);
  const Array from_last = on_card(n, rank, dtype);
  ranks.broadcast(from_last, ranks.size() - 1);
  expect("broadcast", from_last, size - 1);
  if (ranks.size() > 1 && ranks.rank() == 0) ranks.send(on_card(n, 5, dtype), 1);
  if (ranks.rank() == 1) {
    const Array got = Array::empty({n}, dtype, Device::cuda);
    ranks.recv(got, 0);
    expect("recv", got, 5);
  }
  ranks.barrier();
  // What gradients lie in: memory that the transport prepares.
  const Array bucket = ranks.shared_buffer({n}, dtype, Device::cuda);
  expect("a shared buffer", bucket, 0, 0);
  copy_across(on_card(n, rank, dtype), bucket);
  ranks.all_reduce(bucket);
  expect("all_reduce of a shared buffer", bucket, sum, size);
  return wrong;
}

inline std::string wrong_collective(Communicator& ranks) {
  for (const DType t : {DType::f32, DType::bf16, DType::f16, DType::f64, DType::i64, DType::i32, DType::u8})
    if (const std::string wrong = wrong_collective(ranks, t); !wrong.empty()) return wrong;
  return "";
}

}  // namespace genesis::parallel::testing
