#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "parallel/communicator.h"

namespace genesis::testing {

using parallel::Communicator;
using parallel::ReduceOp;

/// Element i of rank r's input: not symmetric in the ranks, inexact in f32, so that a wrong order of sums
/// shows.
///   No product feeds a sum: the same bits wherever the compiler inlines it.
inline double input_value(int rank, int64_t i) {
  return double((i * 7919 + rank * 104729 + 17) % 10007 - 5003) / 10007.0 * (rank + 1);
}

template <class T>
T to_type(double v) {
  if constexpr (std::is_same_v<T, bf16> || std::is_same_v<T, f16>) {
    return T(float(v));
  } else if constexpr (std::is_same_v<T, uint8_t>) {
    return T(int64_t(std::abs(v) * 50));
  } else {
    return T(std::is_integral_v<T> ? v * 1000 : v);
  }
}

/// The definition, one element at a time: left to right over the ranks, f32 in between for 16-bit floats.
template <class T>
T expected_value(int size, int64_t i, ReduceOp op) {
  using A = std::conditional_t<std::is_same_v<T, bf16> || std::is_same_v<T, f16>, float, T>;
  A acc = A(to_type<T>(input_value(0, i)));
  for (int r = 1; r < size; ++r) {
    const A next = A(to_type<T>(input_value(r, i)));
    acc = op == ReduceOp::sum   ? A(acc + next)
          : op == ReduceOp::max ? std::max(acc, next)
                                : std::min(acc, next);
  }
  return T(acc);
}

template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

template <class T>
void fill_input(const Array& x, int rank, int64_t first = 0) {
  for (int64_t i = 0; i < x.numel(); ++i) x.data<T>()[i] = to_type<T>(input_value(rank, first + i));
}

template <class T>
void check_reductions(Communicator& comm, int64_t n, ReduceOp op, bool shared) {
  const Shape shape{n};
  Array x = shared ? comm.shared_buffer(shape, dtype_of<T>()) : Array::zeros(shape, dtype_of<T>());
  fill_input<T>(x, comm.rank());
  comm.all_reduce(x, op);
  int64_t wrong = 0;
  for (int64_t i = 0; i < n; ++i) wrong += !same_bits(x.data<T>()[i], expected_value<T>(comm.size(), i, op));
  EXPECT_EQ(wrong, 0) << "all_reduce " << name_of(op) << " of " << n << " x " << name_of(dtype_of<T>());

  Array in = Array::zeros({n * comm.size()}, dtype_of<T>());
  Array out = Array::zeros({n}, dtype_of<T>());
  fill_input<T>(in, comm.rank());
  comm.reduce_scatter(in, out, op);
  wrong = 0;
  for (int64_t i = 0; i < n; ++i) {
    wrong += !same_bits(out.data<T>()[i], expected_value<T>(comm.size(), comm.rank() * n + i, op));
  }
  EXPECT_EQ(wrong, 0) << "reduce_scatter " << name_of(op) << " of " << n << " x " << name_of(dtype_of<T>());
}

template <class T>
void check_copies(Communicator& comm, int64_t n) {
  Array all = Array::zeros({n * comm.size()}, dtype_of<T>());
  Array own = all.slice(0, comm.rank() * n, (comm.rank() + 1) * n);  // its own place in the output
  fill_input<T>(own, comm.rank());
  comm.all_gather(own, all);
  int64_t wrong = 0;
  for (int r = 0; r < comm.size(); ++r) {
    for (int64_t i = 0; i < n; ++i)
      wrong += !same_bits(all.data<T>()[r * n + i], to_type<T>(input_value(r, i)));
  }
  EXPECT_EQ(wrong, 0) << "all_gather of " << n << " x " << name_of(dtype_of<T>());

  for (int root = 0; root < comm.size(); ++root) {
    Array x = Array::zeros({n}, dtype_of<T>());
    fill_input<T>(x, comm.rank());
    comm.broadcast(x, root);
    wrong = 0;
    for (int64_t i = 0; i < n; ++i) wrong += !same_bits(x.data<T>()[i], to_type<T>(input_value(root, i)));
    EXPECT_EQ(wrong, 0) << "broadcast from " << root << " of " << n << " x " << name_of(dtype_of<T>());
  }
}

template <class T>
void check_dtype(Communicator& comm, int64_t n) {
  for (ReduceOp op : {ReduceOp::sum, ReduceOp::max, ReduceOp::min}) {
    check_reductions<T>(comm, n, op, false);
    check_reductions<T>(comm, n, op, true);
  }
  check_copies<T>(comm, n);
}

/// Every collective, dtype and a size: 0, 1, odd, and one that needs several pieces.
inline void check_every_collective(Communicator& comm) {
  for (int64_t n : {0, 1, 31, 1000}) {
    check_dtype<double>(comm, n);
    check_dtype<float>(comm, n);
    check_dtype<bf16>(comm, n);
    check_dtype<f16>(comm, n);
    check_dtype<int64_t>(comm, n);
    check_dtype<int32_t>(comm, n);
    check_dtype<uint8_t>(comm, n);
  }
  check_dtype<float>(comm, 1'300'001);
}

/// A ring of messages: even ranks send first.
inline void check_messages(Communicator& comm) {
  if (comm.size() == 1) return;
  const int next = (comm.rank() + 1) % comm.size(), previous = (comm.rank() + comm.size() - 1) % comm.size();
  for (int64_t n : {0, 1, 100'003}) {
    Array mine = Array::zeros({n}, DType::f32), theirs = Array::zeros({n}, DType::f32);
    fill_input<float>(mine, comm.rank());
    if (comm.rank() % 2 == 0) {
      comm.send(mine, next);
      comm.recv(theirs, previous);
    } else {
      comm.recv(theirs, previous);
      comm.send(mine, next);
    }
    int64_t wrong = 0;
    for (int64_t i = 0; i < n; ++i)
      wrong += theirs.data<float>()[i] != to_type<float>(input_value(previous, i));
    EXPECT_EQ(wrong, 0) << "message of " << n;
  }
}

/// Asynchronous calls run in order, a blocking one waits for them, and values come out right.
inline void check_pending_calls(Communicator& comm) {
  std::vector<Array> buckets;
  std::vector<parallel::Pending> pending;
  for (int b = 0; b < 8; ++b) {
    buckets.push_back(Array::zeros({2000 + b}, DType::f32));
    fill_input<float>(buckets.back(), comm.rank());
    pending.push_back(comm.all_reduce_async(buckets.back()));
  }
  EXPECT_EQ(comm.all_reduce_value(int64_t{comm.rank()}, ReduceOp::max), comm.size() - 1);
  for (const auto& p : pending) EXPECT_TRUE(p.done());
  for (const auto& p : pending) p.wait();
  int64_t wrong = 0;
  for (const Array& b : buckets) {
    for (int64_t i = 0; i < b.numel(); ++i) {
      wrong += !same_bits(b.data<float>()[i], expected_value<float>(comm.size(), i, ReduceOp::sum));
    }
  }
  EXPECT_EQ(wrong, 0);
}

/// Ranks that call different things all learn which rank is off, and with what.
inline void check_disagreement_is_named(Communicator& comm) {
  if (comm.size() < 2) return;
  comm.set_check_every_call(true);
  Array x = Array::zeros({comm.rank() == 1 ? 90 : 100}, DType::f32);
  try {
    comm.all_reduce(x);
    ADD_FAILURE() << "nobody noticed";
  } catch (const Error& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("rank 0 calls all_reduce sum of 100 x f32, rank 1 calls all_reduce sum of 90 x f32"),
              std::string::npos)
        << text;
  }
  EXPECT_THROW(comm.barrier(), Error);  // the order of calls is lost: nothing may follow
}

}  // namespace genesis::testing
