// Collectives on arrays of a card: through pinned memory among ranks of one process, and through NCCL in a
// group of one.
#include <map>
#include <thread>

#include "parallel/local_group.h"
#include "parallel/local_transport.h"
#include "parallel/nccl_transport.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/parallel/card_collective_cases.h"
#include "tests/support/forwarding_transport.h"

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

/// Reaches the card's memory, and notes who hands it which call.
class NotingTransport final : public genesis::testing::ForwardingTransport {
 public:
  struct Note {
    std::string group;
    int64_t sequence;
    std::thread::id thread;
    bool operator==(const Note&) const = default;
  };
  NotingTransport(std::string group, std::vector<Note>& notes)
      : ForwardingTransport(std::make_unique<LocalTransport>(std::make_shared<LocalMeeting>(1), 0)),
        group_(std::move(group)),
        notes_(notes) {}
  bool moves_card_memory() override { return true; }
  void run_on_card(const Call& call, const void*, void*) override {
    if (call.count == 3) throw Error("a call of three");
    notes_.push_back({group_, call.sequence, std::this_thread::get_id()});
  }

 protected:
  void before(const Call&) override {}

 private:
  std::string group_;
  std::vector<Note>& notes_;
};

TEST_F(CardCollectives, ReachTheCardInTheOrderTheyWereMadeWhateverTheirGroup) {
  std::vector<NotingTransport::Note> notes, wanted;
  Communicator dp(std::make_unique<NotingTransport>("dp", notes), "dp"),
      tp(std::make_unique<NotingTransport>("tp", notes), "tp");
  const Array x = Array::zeros({8}, DType::f32, Device::cuda);
  std::vector<Pending> pending;
  std::map<std::string, int64_t> made;
  for (int i = 0; i < 200; ++i) {
    Communicator& group = i % 3 == 0 ? dp : tp;
    pending.push_back(group.all_reduce_async(x));
    wanted.push_back({group.group(), made[group.group()]++, std::this_thread::get_id()});
  }
  for (const Pending& p : pending) p.wait();
  EXPECT_TRUE(notes == wanted);
  // An error is that of its call, and of all calls after it.
  const Pending wrong = dp.all_reduce_async(Array::zeros({3}, DType::f32, Device::cuda));
  EXPECT_THROW(wrong.wait(), Error);
  EXPECT_THROW(dp.all_reduce_async(x).wait(), Error);
  tp.all_reduce_async(x).wait();
}

}  // namespace
}  // namespace genesis::parallel
