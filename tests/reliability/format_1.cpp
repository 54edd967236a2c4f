// A checkpoint that the first version of the format wrote, kept in the tree: every later release must read
// it, bit for bit.
#include <filesystem>

#include "kernels/core/log.h"
#include "tests/reliability/campaign.h"
#include "tests/reliability/tiny_state.h"
#include "trainer/checkpoint/stored_checkpoint.h"

namespace genesis::reliability {
namespace {

constexpr TinyState::Size kSize{.vocabulary = 8, .width = 4, .layers = 1, .mlp = 8};
constexpr uint64_t kSeed = 7;  // of the values, and the step

}  // namespace

void write_format_sample(const std::filesystem::path& folder) {
  TinyState state(kSize);
  state.fill(kSeed);
  state.save(folder, int64_t(kSeed));
}

Outcome run_FORMAT1(const Mode&) {
  const std::filesystem::path folder = GENESIS_SOURCE_DIR "/tests/reliability/format_1/checkpoint-7";
  TinyState wanted(kSize), found(kSize);
  wanted.fill(kSeed);
  Cases cases;
  cases.expect(trainer::verify_checkpoint(folder).empty(), "it does not verify");
  cases.expect(found.load({}, true, folder.string()) == int64_t(kSeed), "it says another step");
  cases.expect(found.digest() == wanted.digest(), "its values differ");
  return {cases.good(), fmt::format("{} checks{}", cases.count(), cases.failures())};
}

}  // namespace genesis::reliability
