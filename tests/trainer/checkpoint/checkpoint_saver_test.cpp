#include "trainer/checkpoint/checkpoint_saver.h"

#include <gtest/gtest.h>

#include <fstream>

#include "models/safetensors/folder.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "trainer/checkpoint/refusal.h"
#include "trainer/checkpoint/stored_checkpoint.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;
using reliability::TinyState;

/// A checkpoint written by `ranks` replicas, weights shared out among them.
void save_by(int ranks, const fs::path& folder, uint64_t seed, int64_t step) {
  fs::create_directories(folder);
  parallel::LocalGroup::run(ranks, [&](parallel::Communicator& group) {
    TinyState state;
    state.fill(seed);
    CheckpointSaver saver({.output_dir = folder, .keep = 0, .plan = {.least_weight_bytes = 1}}, state.parts(),
                          {}, group);
    saver.save(reliability::at_step(step));
    saver.poll();
    saver.require_saved(step);
  });
}

TEST(CheckpointSaver, ReplicasWriteOneCheckpointThatAnyNumberOfRanksReads) {
  const testing::TempFolder temp;
  TinyState wanted;
  wanted.fill(5);
  for (const int writers : {1, 3}) {
    const fs::path folder = temp / std::to_string(writers);
    save_by(writers, folder, 5, 9);
    EXPECT_TRUE(verify_checkpoint(folder / "checkpoint-9").empty());
    EXPECT_NO_THROW(models::CheckpointFolder::open(folder / "checkpoint-9")) << "it is a model folder";
    for (const int readers : {1, 2})
      parallel::LocalGroup::run(readers, [&](parallel::Communicator& group) {
        TinyState state;
        const auto resumed = resume_checkpoint({folder}, state.parts(), group);
        EXPECT_EQ(resumed.state->step, 9);
        state.parts().optimizer.set_steps(5);
        EXPECT_EQ(state.digest(), wanted.digest()) << writers << " -> " << readers;
      });
  }
  EXPECT_TRUE(fs::exists(temp / "3" / "checkpoint-9" / "model.safetensors.index.json"));
}

TEST(CheckpointSaver, RanksThatReadDifferentManifestsStop) {
  const testing::TempFolder temp;
  save_by(1, temp / "a", 1, 9);
  save_by(1, temp / "b", 2, 9);
  EXPECT_NE(testing::message_of<Error>([&] {
              parallel::LocalGroup::run(2, [&](parallel::Communicator& group) {
                TinyState state;
                const fs::path own = temp / (group.rank() == 0 ? "a" : "b") / "checkpoint-9";
                resume_checkpoint({temp.path(), own.string()}, state.parts(), group);
              });
            }).find("this rank reads a manifest with seal"),
            std::string::npos);
}

std::string complaint_of_resume(const fs::path& output, TinyState& state, const std::string& from = "auto") {
  return testing::message_of<CheckpointError>([&] { state.load(output, false, from); });
}

TEST(BadCheckpoint, AnotherModelIsRefusedAndNotPassedOver) {
  const testing::TempFolder temp;
  TinyState small, large({.vocabulary = 48});
  large.save(temp.path(), 1);
  small.save(temp.path(), 2);
  EXPECT_THROW(large.load(temp.path()), CheckpointRefused);
  const std::string text = complaint_of_resume(temp.path(), large);
  EXPECT_NE(
      text.find(
          "checkpoint-2: is of another model: its tensor 'transformer.wte.weight' has shape [32, 16], this "
          "model's [48, 16]"),
      std::string::npos)
      << text;
}

TEST(BadCheckpoint, WhatIsNoCheckpointIsSaidSo) {
  const testing::TempFolder temp;
  TinyState state;
  fs::create_directories(temp / "empty");
  EXPECT_NE(complaint_of_resume(temp.path(), state, (temp / "empty").string()).find("it is no checkpoint"),
            std::string::npos);
  EXPECT_NE(
      complaint_of_resume(temp.path(), state, (temp / "absent").string()).find("no such checkpoint folder"),
      std::string::npos);
  fs::create_directories(temp / "plain");
  for (const char* name : {"trainer_state.json", "optimizer.safetensors"})
    std::ofstream(temp / "plain" / name) << "{}";
  EXPECT_NE(complaint_of_resume(temp.path(), state, (temp / "plain").string())
                .find("a plain checkpoint of a release before checkpoint format 1"),
            std::string::npos);
}

TEST(BadCheckpoint, AMissingShardIsNamedAndTheOneBeforeIsTaken) {
  const testing::TempFolder temp;
  TinyState state;
  state.save(temp.path(), 1);
  state.save(temp.path(), 2);
  fs::remove(temp / "checkpoint-2" / "optimizer.safetensors");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(state.load(temp.path()), 1);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("checkpoint-2/optimizer.safetensors: the file is missing"), std::string::npos) << log;
  EXPECT_NE(
      testing::message_of<CheckpointError>([&] { state.load(temp.path(), true); }).find("resume_strict"),
      std::string::npos);
  fs::remove(temp / "checkpoint-1" / "state.json");
  EXPECT_NE(complaint_of_resume(temp.path(), state).find("none of 2 checkpoints can be read"),
            std::string::npos);
}

TEST(CheckpointSaver, ARunStartedAnewIsResumedAndNotTheOldOne) {
  const testing::TempFolder temp;
  TinyState state;
  state.save(temp.path(), 100);
  const Resumed anew = resume_checkpoint({temp.path(), "none"}, state.parts(), state.ranks());
  EXPECT_FALSE(anew.state.has_value());
  EXPECT_EQ(anew.lineage.generation, 2);
  CheckpointSaver saver({.output_dir = temp.path(), .keep = 2}, state.parts(), anew.lineage, state.ranks());
  saver.save_now(reliability::at_step(4));
  EXPECT_EQ(state.load(temp.path()), 4);
  saver.save_now(reliability::at_step(8));
  EXPECT_FALSE(fs::exists(temp / "checkpoint-100")) << "the oldest goes first";
}

TEST(CheckpointSaver, TheBestCheckpointStays) {
  const testing::TempFolder temp;
  TinyState state;
  auto saver = state.saver({.output_dir = temp.path(), .keep = 1});
  TrainState at = reliability::at_step(1);
  at.best_step = 1;
  for (; at.step <= 4; ++at.step) saver.save_now(at);
  EXPECT_TRUE(fs::exists(temp / "checkpoint-1"));
  EXPECT_FALSE(fs::exists(temp / "checkpoint-2"));
  EXPECT_TRUE(fs::exists(temp / "checkpoint-4"));
}

}  // namespace
}  // namespace genesis::trainer
