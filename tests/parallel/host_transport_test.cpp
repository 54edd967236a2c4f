#include "parallel/host_transport.h"

#include <unistd.h>

#include "parallel/local_group.h"
#include "tests/parallel/collective_cases.h"

namespace genesis::parallel {
namespace {

/// The shared-memory back end among threads: what mpirun gives on one host, without MPI.
std::unique_ptr<Transport> through_segments(std::unique_ptr<Transport> own) {
  auto host = HostTransport::make(own);
  EXPECT_TRUE(host);
  return host;
}

class HostTransportOf : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, HostTransportOf, ::testing::Values(2, 3, 4));

TEST_P(HostTransportOf, CollectivesAreRight) {
  LocalGroup::run(GetParam(), testing::check_every_collective, through_segments);
}
TEST_P(HostTransportOf, PendingCallsRunInOrder) {
  LocalGroup::run(GetParam(), testing::check_pending_calls, through_segments);
}
TEST_P(HostTransportOf, DisagreementIsNamed) {
  LocalGroup::run(GetParam(), testing::check_disagreement_is_named, through_segments);
}

TEST(HostTransport, OneRankReportsAFailure) {
  std::atomic<int> reporters{0};
  LocalGroup::run(
      4, [&](Communicator&) {},
      [&](std::unique_ptr<Transport> own) {
        auto host = through_segments(std::move(own));
        reporters += host->claim_failure();
        return host;
      });
  EXPECT_EQ(reporters, 1);
}

TEST(SharedSegment, ASecondMappingSeesTheSameBytes) {
  SharedSegment first = SharedSegment::create(100);
  auto second = SharedSegment::open(first.address());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->bytes(), 100);
  EXPECT_NE(first.data(), second->data());
  first.data()[99] = std::byte{42};
  EXPECT_EQ(second->data()[99], std::byte{42});
}

TEST(SharedSegment, AnotherProcessesSegmentIsNotMistaken) {
  SharedSegment s = SharedSegment::create(100);
  auto address = s.address();
  address.nonce ^= 1;
  EXPECT_FALSE(SharedSegment::open(address));
  address = s.address();
  address.bytes += 1;
  EXPECT_FALSE(SharedSegment::open(address));
  address = s.address();
  address.descriptor = 1 << 20;
  EXPECT_FALSE(SharedSegment::open(address));
}

}  // namespace
}  // namespace genesis::parallel
