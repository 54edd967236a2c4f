#include "trainer/train/debug.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_run.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;

TEST(Debug, MemoryReportNamesEveryPart) {
  models::QwenConfig c;
  c.vocab_size = 64;
  c.n_layer = 2;
  c.n_head = 2;
  c.n_embd = 32;
  models::QwenModel model(c.resolved(), DType::f32, 1);
  const optim::AdamW optimizer(model.parameters());
  const std::string report = memory_report(model, optimizer);
  for (const char* part : {"embed", "layers.0", "layers.1", "final_norm", "head", "activations"})
    EXPECT_NE(report.find(part), std::string::npos) << part << " in\n" << report;
}

TEST(Debug, ARunWithItMakesTheSameSteps) {
  const TinyRun tiny(12);
  TrainConfig plain = tiny.config("plain"), debug = tiny.config("debug");
  for (TrainConfig* c : {&plain, &debug}) c->max_steps = 2;
  debug.debug = true;
  const auto a = tiny.train(plain), b = tiny.train(debug);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].at("loss"), b[i].at("loss"));
}

}  // namespace
}  // namespace genesis::trainer
