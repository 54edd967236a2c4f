#include "parallel/threads.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cstdlib>

#include "parallel/local_group.h"

namespace genesis::parallel {
namespace {

CoreMask mask(std::initializer_list<int> cores) {
  CoreMask m(8, false);
  for (int c : cores) m[size_t(c)] = true;
  return m;
}

int share(const CoreMask& own, std::vector<CoreMask> all) { return fair_share(own, all); }

/// Runs with OMP_NUM_THREADS as given (null: unset) and puts the old value back.
class OmpThreads {
 public:
  explicit OmpThreads(const char* value) {
    const char* old = std::getenv("OMP_NUM_THREADS");
    had_ = old != nullptr;
    if (had_) old_ = old;
    value ? setenv("OMP_NUM_THREADS", value, 1) : unsetenv("OMP_NUM_THREADS");
  }
  ~OmpThreads() { had_ ? setenv("OMP_NUM_THREADS", old_.c_str(), 1) : unsetenv("OMP_NUM_THREADS"); }

 private:
  bool had_ = false;
  std::string old_;
};

TEST(FairShare, CoresAreDividedAmongTheRanksThatMayUseThem) {
  const CoreMask four = mask({0, 1, 2, 3});
  EXPECT_EQ(share(four, {four}), 4);
  EXPECT_EQ(share(four, {four, four}), 2);
  EXPECT_EQ(share(four, {four, four, four}), 1);
  EXPECT_EQ(share(four, {four, four, four, four}), 1);
  EXPECT_EQ(share(four, std::vector<CoreMask>(9, four)), 1);
  EXPECT_EQ(share(mask({0}), {mask({0}), mask({1})}), 1);
  EXPECT_EQ(share(mask({0, 1}), {mask({0, 1}), mask({2, 3})}), 2);
  EXPECT_EQ(share(four, {four, mask({0, 1})}), 3);  // 2 alone + 2 halves
  EXPECT_EQ(share(mask({0, 1}), {four, mask({0, 1})}), 1);
}

TEST(PlanThreads, ConfigThenEnvironmentThenMask) {
  {
    OmpThreads env("3");
    EXPECT_EQ(plan_threads(5).threads, 5);
    EXPECT_EQ(plan_threads().threads, 3);
    EXPECT_EQ(plan_threads().reason, "OMP_NUM_THREADS");
  }
  {
    OmpThreads env("2,4");
    EXPECT_EQ(plan_threads().threads, 2);
  }
  OmpThreads env(nullptr);
  const CoreMask own = own_cores();
  EXPECT_EQ(plan_threads().threads, int(std::count(own.begin(), own.end(), true)));
  EXPECT_THROW(plan_threads(0), ConfigError);
}

TEST(PlanThreads, RanksOfOneProcessShareItsCores) {
  OmpThreads env(nullptr);
  const CoreMask own = own_cores();
  const int cores = int(std::count(own.begin(), own.end(), true));
  LocalGroup::run(2, [&](Communicator& comm) {
    const ThreadPlan plan = plan_threads(comm);
    EXPECT_EQ(plan.threads, std::max(1, cores / 2));
    EXPECT_NE(plan.reason.find("shared by 2 ranks"), std::string::npos) << plan.reason;
    EXPECT_EQ(plan.notice, "");
    EXPECT_NE(plan_threads(comm, cores + 1).notice, "");  // more threads than cores
    apply(plan);
    EXPECT_EQ(omp_get_max_threads(), plan.threads);
  });
}

}  // namespace
}  // namespace genesis::parallel
