#include <gtest/gtest.h>

#include <cmath>

#include "models/qwen/model.h"
#include "tests/support/error_message.h"
#include "tests/support/tiny_run.h"

namespace genesis::trainer {
namespace {

using testing::TinyRun;

struct Layout {
  int ranks, tp;
  bool sequence;
  int zero;
};

TrainConfig laid_out(TrainConfig c, const Layout& l) {
  c.tensor_parallel_size = l.tp;
  c.sequence_parallel = l.sequence;
  c.zero_stage = l.zero;
  return c;
}

std::string name_of(const Layout& l) { return fmt::format("{}-{}-{}-{}", l.ranks, l.tp, l.sequence, l.zero); }

class TensorParallelRun : public ::testing::Test {
 protected:
  TrainConfig config(const Layout& l, const char* kind) const {
    TrainConfig c = laid_out(run_.config(kind + name_of(l)), l);
    c.eval_dataset = {(run_ / "eval.jsonl").string()};
    c.per_device_train_batch_size = 2;
    return c;
  }
  TinyRun run_;
};

TEST_F(TensorParallelRun, EveryLayoutMakesTheSameRun) {
  const auto train = [&](const Layout& l) {
    TrainConfig c = config(l, "same-");
    c.model.emb_dropout_prob = 0.1;
    c.tensor_parallel_overlap = l.ranks - 1;  // 1 and 3 chunks
    return run_.train(c, l.ranks);
  };
  const auto whole = train({1, 1, false, 0});
  ASSERT_EQ(whole.size(), 20u);
  const auto final_model = [&](const Layout& l) {
    return models::QwenModel::from_folder(run_ / ("same-" + name_of(l) + "/checkpoint-20"));
  };
  const auto wanted = final_model({1, 1, false, 0});
  for (const Layout& l : {Layout{2, 2, false, 0}, Layout{2, 2, true, 0}, Layout{4, 2, true, 1}}) {
    SCOPED_TRACE(name_of(l));
    const auto points = train(l);
    ASSERT_EQ(points.size(), 20u);
    for (size_t i = 0; i < points.size(); ++i) {
      EXPECT_NEAR(double(points[i]["loss"]) / double(whole[i]["loss"]), 1.0, 1e-6) << "loss of step " << i;
      EXPECT_NEAR(double(points[i]["grad_norm"]) / double(whole[i]["grad_norm"]), 1.0, 1e-4)
          << "norm of step " << i;
      EXPECT_EQ(points[i]["tokens"], whole[i]["tokens"]);
    }
    EXPECT_NEAR(double(points.back()["eval_loss"]) / double(whole.back()["eval_loss"]), 1.0, 1e-6);
    const auto found = final_model(l);  // a plain model folder, whatever made it
    for (size_t p = 0; p < wanted->parameters().size(); ++p) {
      const auto a = found->parameters()[p].tolist(), b = wanted->parameters()[p].tolist();
      ASSERT_EQ(a.size(), b.size());
      for (size_t i = 0; i < a.size(); ++i)
        ASSERT_NEAR(a[i], b[i], 2e-4) << wanted->named_parameters()[p].first;
    }
  }
}

TEST_F(TensorParallelRun, ResumesInAnotherLayout) {
  // Written by 2 ranks that share the model, continued by others; bit-identical in the same layout.
  const Layout pair{2, 2, true, 0};
  TrainConfig whole = config(pair, "whole-");
  const auto uninterrupted = run_.train(whole, 2);
  for (const Layout& next : {pair, Layout{1, 1, false, 0}, Layout{4, 2, false, 1}}) {
    SCOPED_TRACE(name_of(next));
    TrainConfig c = laid_out(run_.config("resumed-" + name_of(next)), pair);
    c.eval_dataset = whole.eval_dataset;
    c.per_device_train_batch_size = 2;
    c.max_steps = 20;
    c.save_steps = 9;
    c.save_total_limit = 0;
    run_.train(c, 2);
    std::filesystem::remove_all(std::filesystem::path(c.output_dir) / "checkpoint-20");
    std::filesystem::remove_all(std::filesystem::path(c.output_dir) / "checkpoint-18");
    const auto resumed = run_.train(laid_out(c, next), next.ranks);
    ASSERT_EQ(resumed.size(), 20u);
    for (size_t i = 9; i < 20; ++i) {
      if (next.ranks == pair.ranks) {
        EXPECT_EQ(resumed[i]["loss"], uninterrupted[i]["loss"]) << "step " << i;
      } else {
        EXPECT_NEAR(double(resumed[i]["loss"]) / double(uninterrupted[i]["loss"]), 1.0, 1e-6) << "step " << i;
      }
    }
  }
}

TEST_F(TensorParallelRun, IllegalLayoutsAreRefusedAtTheStart) {
  const auto refusal = [&](const Layout& l, auto&& edit) {
    TrainConfig c = config(l, "illegal-");
    edit(c);
    return testing::message_of<Error>([&] { run_.train(c, l.ranks); });
  };
  EXPECT_NE(refusal({3, 3, true, 0}, [](TrainConfig& c) { c.model.num_attention_heads = 4; })
                .find("4 attention heads cannot be shared out over 3 ranks"),
            std::string::npos);
  EXPECT_NE(refusal({2, 2, true, 0}, [](TrainConfig& c) { c.model.hidden_dim = 47; })
                .find("a feed-forward width of 47"),
            std::string::npos);
  EXPECT_NE(refusal({3, 2, true, 0}, [](TrainConfig&) {}).find("2"), std::string::npos);
  EXPECT_NE(refusal({2, 2, true, 0}, [](TrainConfig& c) { c.mesh_order = "0,0"; }).find("names rank 0 twice"),
            std::string::npos);
  EXPECT_NE(refusal({2, 2, true, 0}, [](TrainConfig& c) { c.mesh_order = "rows"; })
                .find("mesh order 'rows' is neither tp nor dp nor a list"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
