#include "kernels/core/profile.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

TEST(Profile, CountsCallsOnlyWhileOn) {
  { ProfileScope off("ignored"); }
  set_profiling(true);
  { ProfileScope a("one"); }
  { ProfileScope b("one"); }
  {
    ProfilePause pause;
    ProfileScope c("one");
  }
  add_profile("long", 3.0);
  set_profiling(false);
  { ProfileScope late("one"); }
  const auto entries = profile_entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "long");
  EXPECT_EQ(entries[1].calls, 2);
}

}  // namespace
}  // namespace genesis
