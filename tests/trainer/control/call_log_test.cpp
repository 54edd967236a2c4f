#include "trainer/control/call_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "parallel/local_group.h"
#include "tests/support/temp_folder.h"
#include "trainer/control/hang_report.h"
#include "trainer/control/pulse_board.h"

namespace genesis::trainer {
namespace {

TEST(CallLog, TheOldestCallThatRunsIsShown) {
  auto pulse = std::make_unique<Pulse>();
  pulse->beat = 1;
  CallLog log(*pulse);
  const uint64_t a = log.begin({.count = 10, .sequence = 5}, "world");
  const uint64_t b = log.begin({.count = 20, .sequence = 0}, "dp");
  PulseView view = view_of(*pulse);
  EXPECT_TRUE(view.waiting);
  EXPECT_EQ(view.call.call.sequence, 5);
  log.end(a);
  view = view_of(*pulse);
  EXPECT_EQ(view.call.call.count, 20);
  EXPECT_STREQ(view.call.group.data(), "dp");
  log.end(b);
  view = view_of(*pulse);
  EXPECT_FALSE(view.waiting);
  EXPECT_EQ(view.calls, 2u);
  EXPECT_EQ(view.progress, 4u);
}

TEST(CallLog, KeepsTheLast64AndWritesThem) {
  const testing::TempFolder folder;
  auto pulse = std::make_unique<Pulse>();
  pulse->beat = 1;
  pulse->rank = 3;
  CallLog log(*pulse);
  for (int64_t i = 0; i < 100; ++i) {
    const uint64_t ticket = log.begin(
        {.collective = parallel::Collective::all_reduce, .dtype = DType::f32, .count = i, .sequence = i},
        "world");
    if (i < 99) log.end(ticket);
  }
  ASSERT_TRUE(write_call_logs(folder / "hang", {pulse.get(), 1}));
  std::ifstream in(folder / "hang/rank-3.txt");
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_NE(text.str().find("the last 64 of 100 collectives"), std::string::npos) << text.str();
  EXPECT_EQ(text.str().find("#35 "), std::string::npos);
  EXPECT_NE(text.str().find("all_reduce #36 36 x f32 (144 bytes, world)"), std::string::npos) << text.str();
  const size_t open = text.str().find("NOT ENDED");
  ASSERT_NE(open, std::string::npos);
  EXPECT_NE(text.str().find("#99 ", open), std::string::npos);
}

TEST(CallLog, SeesTheCallsOfACommunicator) {
  auto pulse = std::make_unique<Pulse>();
  CallLog log(*pulse);
  parallel::set_call_observer(&log);
  parallel::LocalGroup::run(1, [](parallel::Communicator& group) {
    Array x = Array::zeros({8}, DType::f32);
    group.all_reduce(x);
    group.all_reduce_async(x).wait();
  });
  parallel::set_call_observer(nullptr);
  const PulseView view = view_of(*pulse);
  EXPECT_EQ(view.calls, 2u);
  EXPECT_EQ(view.call.call.bytes(), 32);
  EXPECT_FALSE(view.waiting);
}

TEST(PulseBoard, RanksOfAHostSeeEachOtherAndOneReports) {
  const testing::TempFolder folder;
  PulseBoard a = PulseBoard::open(folder / "board", 0, 2), b = PulseBoard::open(folder / "board", 1, 2);
  a.own().beat = 7;
  b.own().step = 9;
  EXPECT_EQ(b.pulses()[0].beat, 7u);
  EXPECT_EQ(a.pulses()[1].step, 9);
  EXPECT_FALSE(a.reported());
  EXPECT_TRUE(b.claim_report());
  EXPECT_FALSE(a.claim_report());
  EXPECT_TRUE(a.reported());
  EXPECT_FALSE(a.report_written());
  b.finish_report();
  EXPECT_TRUE(a.report_written());
  a.unlink();
  EXPECT_FALSE(std::filesystem::exists(folder / "board"));
  b.own().beat = 1;  // the memory outlives its name
  EXPECT_EQ(a.pulses()[1].beat, 1u);
}

TEST(ProcessState, TellsAStoppedAndAnAbsentProcess) {
  const int child = ::fork();
  if (child == 0)
    while (true) ::pause();
  ::kill(child, SIGSTOP);
  char state = '?';
  for (int i = 0; i < 1000 && state != 'T'; ++i) {
    state = process_state(child);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(state, 'T');
  ::kill(child, SIGKILL);
  for (int i = 0; i < 1000 && state != 'Z'; ++i) {
    state = process_state(child);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(state, 'Z');
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(process_state(child), '-');
}

}  // namespace
}  // namespace genesis::trainer
