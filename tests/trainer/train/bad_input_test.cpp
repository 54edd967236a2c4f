#include <gtest/gtest.h>

#include <functional>

#include "models/qwen/model.h"
#include "tests/support/tiny_run.h"

namespace genesis::trainer {
namespace {

using testing::TinyRun;

struct Complaint {
  ExitCode code = ExitCode::done;
  std::string text;
};

Complaint complaint(const TinyRun& run, const TrainConfig& c, int ranks = 1) {
  try {
    run.train(c, ranks);
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {};
}

#define EXPECT_COMPLAINT(found, wanted_code, wanted_text)               \
  do {                                                                  \
    const Complaint c_ = (found);                                       \
    EXPECT_EQ(int(c_.code), int(wanted_code)) << c_.text;               \
    EXPECT_NE(c_.text.find(wanted_text), std::string::npos) << c_.text; \
  } while (false)

TEST(BadInput, EachIsOneClearErrorWithItsExitCode) {
  const TinyRun run;
  TrainConfig c = run.config("out");
  c.dataset = {(run / "absent.jsonl").string()};
  EXPECT_COMPLAINT(complaint(run, c), ExitCode::config, "absent.jsonl");

  c = run.config("out");
  c.tokenizer = (run / "absent.tiktoken").string();
  EXPECT_COMPLAINT(complaint(run, c), ExitCode::config, "absent.tiktoken");

  c = run.config("out");
  c.model.vocab_size = 100;
  EXPECT_COMPLAINT(complaint(run, c), ExitCode::config, "100 embedding rows");

  c = run.config("out");
  c.dataset = {run.folder()
                   .write("broken.jsonl", "{\"conversations\": [{\"from\": \"user\", \"value\": \"x\"\n")
                   .string()};
  EXPECT_COMPLAINT(complaint(run, c), ExitCode::data, "broken.jsonl:1");

  c = run.config("out");
  c.dataset = {
      run.folder()
          .write("no_answer.jsonl", "{\"conversations\": [{\"from\": \"user\", \"value\": \"x\"}]}\n")
          .string()};
  EXPECT_COMPLAINT(complaint(run, c), ExitCode::data, "no_answer.jsonl:1");

  c = run.config("out");
  c.max_seq_len = 20;
  c.truncation = Truncation::error;
  EXPECT_COMPLAINT(complaint(run, c), ExitCode::data, "train.jsonl:1");

  c = run.config("out");
  c.tokenizer = run.folder().write("truncated.tiktoken", "IQ== 0\nIg==").string();
  EXPECT_COMPLAINT(complaint(run, c), ExitCode::data, "truncated.tiktoken:2");
}

TEST(BadInput, WeightsThatDoNotFitTheConfigAreNamed) {
  const TinyRun run;
  const std::filesystem::path folder = run / "model";
  models::QwenModel model(models::QwenConfig{
      .vocab_size = 640, .n_layer = 1, .n_head = 2, .n_embd = 32, .max_seq_len = 64, .dropout = 0});
  model.save(folder);
  nlohmann::json config;
  std::ifstream(folder / "config.json") >> config;
  config["num_hidden_layers"] = 2;
  std::ofstream(folder / "config.json") << config;
  TrainConfig c = run.config("out");
  c.model = {};
  c.model_name_or_path = folder.string();
  EXPECT_COMPLAINT(complaint(run, c), ExitCode::corrupt_checkpoint, "transformer.h.1.");
}

TEST(BadInput, ALossThatIsNoNumberStopsEveryRankBeforeTheUpdate) {
  const TinyRun run;
  TrainConfig c = run.config("out");
  c.learning_rate = 1e30;
  c.warmup_steps = 0;
  c.save_steps = 1;
  EXPECT_COMPLAINT(complaint(run, c, 2), ExitCode::numerics, "not finite");
  EXPECT_TRUE(
      std::filesystem::exists(std::filesystem::path(c.output_dir) / "checkpoint-1" / "model.safetensors"));
}

}  // namespace
}  // namespace genesis::trainer
