// Collectives on arrays of a card: through pinned memory among ranks of one process, and through NCCL in a
// group of one.
#include "parallel/local_group.h"
#include "parallel/local_transport.h"
#include "parallel/nccl_transport.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/parallel/card_collective_cases.h"

namespace genesis::parallel {
namespace {

class CardCollectives : public genesis::testing::CardTest {};

void check_all(Communicator& ranks) { EXPECT_EQ(testing::wrong_collective(ranks), ""); }

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
