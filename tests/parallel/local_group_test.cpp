#include "parallel/local_group.h"

#include <omp.h>

#include <limits>

#include "tests/parallel/collective_cases.h"

namespace genesis::parallel {
namespace {

class LocalGroupOf : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, LocalGroupOf, ::testing::Values(1, 2, 3, 4));

TEST_P(LocalGroupOf, CollectivesAreRight) { LocalGroup::run(GetParam(), testing::check_every_collective); }
TEST_P(LocalGroupOf, MessagesArrive) { LocalGroup::run(GetParam(), testing::check_messages); }
TEST_P(LocalGroupOf, PendingCallsRunInOrder) { LocalGroup::run(GetParam(), testing::check_pending_calls); }
TEST_P(LocalGroupOf, DisagreementIsNamed) {
  LocalGroup::run(GetParam(), testing::check_disagreement_is_named);
}

TEST(LocalGroup, EveryRankRunsOnceWithItsShareOfThreads) {
  omp_set_num_threads(4);
  std::atomic<int> seen{0}, threads{0};
  LocalGroup::run(2, [&](Communicator& comm) {
    seen += 1 << (4 * comm.rank());
    threads += omp_get_max_threads();
  });
  EXPECT_EQ(seen, 0x11);
  EXPECT_EQ(threads, 4);
}

TEST(LocalGroup, AFailingRankEndsAllAndIsNamed) {
  std::atomic<int> peers_told{0};
  try {
    LocalGroup::run(3, [&](Communicator& comm) {
      comm.barrier();
      if (comm.rank() == 2) throw DataError("line 7 is bad");
      try {
        Array x = Array::zeros({10}, DType::f32);
        Pending p = comm.all_reduce_async(x);
        p.wait();
      } catch (const PeerFailure& e) {
        EXPECT_NE(std::string(e.what()).find("rank 2"), std::string::npos) << e.what();
        ++peers_told;
        throw;
      }
    });
    ADD_FAILURE() << "the error was lost";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "rank 2: line 7 is bad");
    EXPECT_EQ(e.code(), ExitCode::data);
  }
  EXPECT_EQ(peers_told, 2);
}

TEST(LocalGroup, AFailureDuringAMessageEndsTheReceiver) {
  EXPECT_THROW(LocalGroup::run(2,
                               [&](Communicator& comm) {
                                 if (comm.rank() == 0) throw Error("gone");
                                 Array x = Array::zeros({1}, DType::f32);
                                 comm.recv(x, 0);
                               }),
               Error);
}

TEST(LocalGroup, MismatchedMessageIsNamed) {
  try {
    LocalGroup::run(2, [&](Communicator& comm) {
      Array x = Array::zeros({comm.rank() == 0 ? 3 : 4}, DType::f32);
      comm.rank() == 0 ? comm.send(x, 1) : comm.recv(x, 0);
    });
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("recv of 4 x f32 from rank 0, rank 0 calls send of 3 x f32"),
              std::string::npos)
        << e.what();
  }
}

TEST(LocalGroup, NaNSurvivesMaxAndMin) {
  LocalGroup::run(3, [](Communicator& comm) {
    for (ReduceOp op : {ReduceOp::max, ReduceOp::min}) {
      for (int where = 0; where < 3; ++where) {
        const double mine = comm.rank() == where ? std::numeric_limits<double>::quiet_NaN() : comm.rank();
        EXPECT_TRUE(std::isnan(comm.all_reduce_value(mine, op)));
      }
    }
  });
}

TEST(LocalGroup, IntegersWrapAround) {
  LocalGroup::run(2, [](Communicator& comm) {
    EXPECT_EQ(comm.all_reduce_value(std::numeric_limits<int64_t>::max()), -2);
  });
}

TEST(Communicator, LogKeepsEveryCall) {
  LocalGroup::run(2, [](Communicator& comm) {
    Array x = Array::zeros({10}, DType::bf16), y = Array::zeros({20}, DType::bf16);
    comm.all_reduce(x);
    comm.all_gather_async(x, y).wait();
    comm.barrier();
    const auto log = comm.log();
    ASSERT_EQ(log.size(), 3u);
    EXPECT_EQ(log[0].sequence, 0);
    EXPECT_EQ(log[0].collective, Collective::all_reduce);
    EXPECT_EQ(log[0].dtype, DType::bf16);
    EXPECT_EQ(log[0].count, 10);
    EXPECT_EQ(log[0].bytes, 20);
    EXPECT_EQ(log[0].group, "world");
    EXPECT_EQ(log[1].sequence, 1);
    EXPECT_EQ(log[1].collective, Collective::all_gather);
    EXPECT_EQ(log[2].collective, Collective::barrier);
    EXPECT_EQ(comm.traffic().calls, 3);
    EXPECT_EQ(comm.traffic().bytes, 40);
  });
}

TEST(Communicator, WrongArgumentsAreNamed) {
  auto comm = solo_communicator();
  Array x = Array::zeros({4, 4}, DType::f32);
  EXPECT_THROW(comm->all_reduce(x.transpose(0, 1)), Error);
  EXPECT_THROW(comm->broadcast(x, 1), Error);
  EXPECT_THROW(comm->send(x, 0), Error);
  EXPECT_THROW(comm->all_gather(x, Array::zeros({15}, DType::f32)), Error);
  EXPECT_THROW(comm->reduce_scatter(x, Array::zeros({16}, DType::f64)), Error);
  comm->all_reduce(x);  // none of that broke it
}

TEST(Communicator, WritingCountsAsAnInPlaceWrite) {
  auto comm = solo_communicator();
  Array x = Array::zeros({4}, DType::f32);
  const auto before = x.storage().version();
  comm->broadcast(x);
  EXPECT_GT(x.storage().version(), before);
}

}  // namespace
}  // namespace genesis::parallel
