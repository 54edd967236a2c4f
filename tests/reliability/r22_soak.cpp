// R22: many saves leave nothing behind: no file, no descriptor, no memory, and exactly the checkpoints to
// keep.
#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/reliability/campaign.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/temp_folder.h"
#include "trainer/checkpoint/checkpoint_folder.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;

int64_t entries_of(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

int64_t resident_bytes() {
  ::malloc_trim(0);
  std::ifstream in("/proc/self/statm");
  int64_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * ::getpagesize();
}

}  // namespace

Outcome run_R22(const Mode& mode) {
  const testing::TempFolder temp;
  fs::create_directories(temp / "run");
  TinyState state;
  // A communicator keeps its last calls; that list has its full length before memory is looked at.
  for (size_t i = 0; i < parallel::Communicator::kLogged; ++i) state.ranks().barrier();
  constexpr int64_t kKeep = 3;
  auto saver = state.saver({.output_dir = temp / "run", .keep = kKeep});
  const int64_t saves = mode.full ? 2000 : 120, warm = 20;
  int64_t descriptors = 0, memory = 0;
  Cases cases;
  for (int64_t n = 1; n <= saves; ++n) {
    saver.save(at_step(n));
    saver.poll();
    if (n != warm) continue;
    saver.finish();
    descriptors = entries_of("/proc/self/fd");
    memory = resident_bytes();
  }
  saver.require_saved(saves);
  const int64_t descriptors_left = entries_of("/proc/self/fd") - descriptors;
  const double growth = double(resident_bytes()) / double(memory) - 1;
  cases.expect(descriptors_left == 0, fmt::format("{} descriptors left open", descriptors_left));
  cases.expect(growth <= 0.01, fmt::format("memory grew by {:.2f} %", growth * 100));
  const auto kept = trainer::list_checkpoints(temp / "run");
  cases.expect(int64_t(kept.size()) == kKeep && kept.back().step == saves,
               fmt::format("{} checkpoints kept", kept.size()));
  cases.expect(entries_of(temp / "run") == kKeep + 1, "more in the folder than checkpoints and LATEST");
  return {cases.good(), fmt::format("{} saves: {} descriptors, memory {:+.2f} %, {} checkpoints{}", saves,
                                    descriptors_left, growth * 100, kept.size(), cases.failures())};
}

}  // namespace genesis::reliability
