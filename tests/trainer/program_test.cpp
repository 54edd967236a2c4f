#include "trainer/commands/program.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace genesis::trainer {
namespace {

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

Outcome run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "genesis");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome r;
  r.code = run_program(static_cast<int>(arguments.size()), arguments.data());
  std::fflush(stdout);
  r.out = testing::internal::GetCapturedStdout();
  r.err = testing::internal::GetCapturedStderr();
  return r;
}

TEST(Program, HelpAndVersionAreAnswers) {
  const auto help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("doctor"), std::string::npos);
  const auto version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out.rfind("genesis ", 0), 0u) << version.out;
}

TEST(Program, AWrongCommandLineExits64AndSaysWhat) {
  for (const auto& arguments : {std::vector<const char*>{}, {"trian"}, {"doctor", "--loud"}}) {
    const auto r = run(arguments);
    EXPECT_EQ(r.code, 64);
    EXPECT_EQ(r.err.rfind("error: command line: ", 0), 0u) << r.err;
    EXPECT_TRUE(r.out.empty());
  }
}

TEST(Program, DoctorNamesTheMachineAndTheLibraries) {
  const auto r = run({"doctor"});
  EXPECT_EQ(r.code, 0);
  for (const char* part :
       {"usable by this process", "instruction sets ", "oneDNN ", "MPI", "OpenSSL ", "GiB available"})
    EXPECT_NE(r.out.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace genesis::trainer
