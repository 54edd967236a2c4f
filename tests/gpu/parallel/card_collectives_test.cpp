// Collectives on arrays of a card: through pinned memory among ranks of one process, and through NCCL in a
// group of one.
#include "parallel/local_group.h"
#include "parallel/local_transport.h"
#include "parallel/nccl_transport.h"
#include "tests/gpu/card_case.h"

namespace genesis::parallel {
namespace {

using namespace genesis::testing;

class CardCollectives : public CardTest {};

Array counting(int64_t n, double first, DType dtype = DType::f32) {
  const Array host = Array::empty({n}, dtype);
  fill_with(host, [&](int64_t i) { return first + double(i); });
  return on_device(host, Device::cuda);
}

void check_all(Communicator& ranks) {
  const int64_t n = 1000;
  const double size = ranks.size(), sum_of_ranks = size * (size - 1) / 2;
  const Array x = counting(n, 10.0 * ranks.rank());
  ranks.all_reduce(x);
  EXPECT_EQ(values_of(read_back(x))[7], 10 * sum_of_ranks + 7 * size);

  const Array slow = counting(n, ranks.rank());
  const Pending pending = ranks.all_reduce_async(slow, ReduceOp::max);
  pending.wait();
  EXPECT_EQ(values_of(read_back(slow))[5], size - 1 + 5);

  const Array parts = counting(n * ranks.size(), 0), own = Array::empty({n}, DType::f32, Device::cuda);
  ranks.reduce_scatter(parts, own);
  EXPECT_EQ(values_of(read_back(own))[3], size * double(ranks.rank() * n + 3));

  const Array all = Array::empty({n * ranks.size()}, DType::f32, Device::cuda);
  ranks.all_gather(counting(n, 1000.0 * ranks.rank()), all);
  for (int r = 0; r < ranks.size(); ++r)
    EXPECT_EQ(values_of(read_back(all))[size_t(r * n + 9)], 1000.0 * r + 9);

  const Array from_last = counting(n, ranks.rank());
  ranks.broadcast(from_last, ranks.size() - 1);
  EXPECT_EQ(values_of(read_back(from_last))[0], size - 1);

  const Array half = counting(64, ranks.rank(), DType::bf16);
  ranks.all_reduce(half);
  EXPECT_EQ(values_of(read_back(half))[1], sum_of_ranks + size);
}

TEST_F(CardCollectives, ThroughPinnedMemory) {
  for (const int ranks : {1, 2, 3}) LocalGroup::run(ranks, check_all);
}

TEST_F(CardCollectives, ThroughNcclAlone) {
  Communicator alone(with_nccl(std::make_unique<LocalTransport>(std::make_shared<LocalMeeting>(1), 0)),
                     "alone");
  check_all(alone);
}

}  // namespace
}  // namespace genesis::parallel
