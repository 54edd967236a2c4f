// Training runs whose blocks are recorded: the run without, bit for bit. Only an emulated card counts
// recordings.
#include "kernels/core/profile.h"
#include "tests/cuda_emulation/streams.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_run.h"
#include "tests/support/checkpoint_bytes.h"
#include "trainer/train/recording_setup.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;
namespace fs = std::filesystem;

class EmulatedRecordedRun : public CardTest {};

/// Rows of one length, since each is cut, and two micro-steps a step.
TrainConfig even_rows(const TinyRun& tiny, const std::string& output, CudaGraphs graphs) {
  std::string text;
  for (int i = 0; i < 12; ++i)
    text +=
        fmt::format(
            R"({{"conversations": [{{"from": "user", "value": "Count to {0}"}}, {{"from": "assistant", "value": "{1:8<{2}}"}}]}})",
            i, i, 150 + i) +
        "\n";
  TrainConfig c = config_on(tiny, DeviceChoice::cuda, output, 4);
  c.dataset = {tiny.folder().write("even.jsonl", text).string()};
  c.truncation = Truncation::right;
  c.max_seq_len = 80;
  c.per_device_train_batch_size = 1;
  c.max_grad_norm = 0.5;
  c.lr_scheduler_type = LrSchedulerType::constant;
  c.save_steps = 2;
  c.cuda_graphs = graphs;
  return c;
}

/// Trains and returns how many recordings were started.
int64_t launches_of(const TinyRun& tiny, const TrainConfig& c) {
  const int64_t before = emulation::graph_launches();
  tiny.train(c);
  return emulation::graph_launches() - before;
}

void expect_same_run(const TrainConfig& wanted, const TrainConfig& got) {
  const auto a = TinyRun::metrics(wanted), b = TinyRun::metrics(got);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    for (const char* key : {"step", "loss", "grad_norm", "tokens"})
      EXPECT_EQ(b[i].at(key), a[i].at(key)) << got.output_dir << ", line " << i + 1 << ", " << key;
  for (const char* checkpoint : {"checkpoint-2", "checkpoint-4"})
    expect_same_tensors(fs::path(wanted.output_dir) / checkpoint, fs::path(got.output_dir) / checkpoint);
}

TEST_F(EmulatedRecordedRun, IsTheRunWithoutRecordings) {
  const TinyRun tiny;
  for (const auto& [precision, checkpointing] :
       {std::pair{Precision::bf16_mixed, GradientCheckpointing::selective},
        std::pair{Precision::bf16_true, GradientCheckpointing::full}}) {
    const std::string name(spelling_of(precision));
    TrainConfig off = even_rows(tiny, "off-" + name, CudaGraphs::off),
                on = even_rows(tiny, "on-" + name, CudaGraphs::on),
                resumed = even_rows(tiny, "resumed-" + name, CudaGraphs::on);
    for (TrainConfig* c : {&off, &on, &resumed}) {
      c->precision = precision;
      c->gradient_checkpointing = checkpointing;
    }
    EXPECT_EQ(launches_of(tiny, off), 0);
    // Of eight micro-steps two go before; two blocks, forward and backward.
    EXPECT_EQ(launches_of(tiny, on), 6 * 2 * 2);
    expect_same_run(off, on);
    if (precision == Precision::bf16_true) continue;
    resumed.max_steps = 2;
    tiny.train(resumed);
    resumed.max_steps = 4;
    EXPECT_EQ(launches_of(tiny, resumed), 2 * 2 * 2);
    expect_same_run(off, resumed);
  }
}

TEST_F(EmulatedRecordedRun, SaysWhyItIsNotRecorded) {
  const TinyRun tiny;
  const auto said = [&](TrainConfig c) {
    c.max_steps = 2;
    c.save_steps = 0;
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(launches_of(tiny, c), 0);
    return ::testing::internal::GetCapturedStderr();
  };
  TrainConfig c = even_rows(tiny, "profiled", CudaGraphs::on);
  c.profile = true;
  EXPECT_NE(said(c).find("cuda_graphs: blocks run kernel by kernel: each kernel is looked at"),
            std::string::npos);
  c.profile = false;
  set_profiling(false);  // the run left it on
  c.output_dir = (tiny / "auto").string();
  c.cuda_graphs = CudaGraphs::automatic;
  EXPECT_EQ(said(c).find("cuda_graphs"), std::string::npos);
}

TEST_F(EmulatedRecordedRun, AutoTakesSmallBlocksOfPackedRows) {
  TrainConfig c;
  models::QwenConfig small, large;
  small.n_embd = 1024, small.intermediate_size = 2816, small.n_head = small.n_kv_head = 16,
  small.head_dim = 64;
  large.n_embd = 4096, large.intermediate_size = 11008, large.n_head = large.n_kv_head = 32,
  large.head_dim = 128;
  c.precision = Precision::bf16_mixed;
  c.max_seq_len = 2048;
  EXPECT_TRUE(recordings_pay(small, c, 1));
  EXPECT_FALSE(recordings_pay(small, c, 16));
  EXPECT_FALSE(recordings_pay(large, c, 1));
}

}  // namespace
}  // namespace genesis::trainer
