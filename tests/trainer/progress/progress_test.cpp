#include "trainer/progress/progress.h"

#include <gtest/gtest.h>

#include "trainer/progress/progress_text.h"

namespace genesis::trainer {
namespace {

StepMetrics step(int64_t s) {
  return {
      .step = s, .loss = 2.34567, .grad_norm = 0.987, .learning_rate = 1e-5, .tokens = 6000, .seconds = 0.5};
}

/// What a run of two updates and an evaluation writes.
std::string written(bool shown, bool terminal) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  {
    Progress progress({stream, shown, terminal}, 10);
    progress.update(step(1));
    progress.line("note");
    auto m = step(2);
    m.eval_loss = 1.5;
    progress.update(m);
  }
  std::fclose(stream);
  const std::string s(text, size);
  std::free(text);
  return s;
}

TEST(ProgressText, Durations) {
  EXPECT_EQ(duration_text(0.4), "0s");
  EXPECT_EQ(duration_text(59.4), "59s");
  EXPECT_EQ(duration_text(754), "12m34s");
  EXPECT_EQ(duration_text(11220), "3h07m");
  EXPECT_EQ(duration_text(2 * 86400 + 4 * 3600), "2d04h");
  EXPECT_EQ(duration_text(-1), "?");
}

TEST(ProgressText, Counts) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(12345), "12.3k");
  EXPECT_EQ(count_text(4.56e6), "4.56M");
}

TEST(ProgressText, ThePlainLineSaysEverything) {
  auto m = step(120);
  EXPECT_EQ(plain_line(m, 1000, std::nullopt),
            "step 120/1000  loss 2.3457  12k tok/s  lr 1.00e-05  grad 0.987");
  m.eval_loss = 1.25;
  EXPECT_EQ(plain_line(m, 1000, 60),
            "step 120/1000  loss 2.3457  eval_loss 1.2500  ETA 1m00s  12k tok/s  lr 1.00e-05  grad 0.987");
}

TEST(ProgressText, TheBarFitsEveryWidth) {
  for (int width = 0; width <= 120; ++width) {
    const std::string line = bar_line(step(500), 1000, 60, width);
    EXPECT_LE(line.size(), static_cast<size_t>(width)) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
  EXPECT_EQ(bar_line(step(500), 1000, 60, 5), "500/1");
  EXPECT_EQ(bar_line(step(500), 1000, 60, 20), "500/1000");
  EXPECT_EQ(bar_line(step(500), 1000, 60, 24), "500/1000  loss 2.3457");
  EXPECT_EQ(bar_line(step(500), 1000, 60, 34), "[#####.....] 500/1000  loss 2.3457");
  EXPECT_EQ(bar_line(step(500), 1000, 60, 80),
            "[##########...........] 500/1000  loss 2.3457  ETA 1m00s  12k tok/s  lr 1.00e-05");
}

TEST(ProgressText, TheBarIsFullAtTheEnd) {
  const std::string line = bar_line(step(10), 10, 0, 120);
  EXPECT_EQ(line.find('.'), line.find("loss 2.") + 6);
  EXPECT_EQ(line.rfind("[##############################] 10/10", 0), 0u) << line;
}

TEST(Progress, PlainLinesWithAnEtaFromTheSecondUpdateOn) {
  EXPECT_EQ(written(true, false),
            "step 1/10  loss 2.3457  12k tok/s  lr 1.00e-05  grad 0.987\nnote\n"
            "step 2/10  loss 2.3457  eval_loss 1.5000  ETA 4s  12k tok/s  lr 1.00e-05  grad 0.987\n");
}

TEST(Progress, ATerminalGetsABarThatIsDrawnOverItself) {
  const std::string text = written(true, true);
  EXPECT_EQ(text.rfind("[", 0), 0u) << text;
  EXPECT_NE(text.find("\r\x1b[Knote\n"), std::string::npos);
  EXPECT_NE(text.find("step 2: eval_loss 1.5000\n"), std::string::npos);
  EXPECT_EQ(text.back(), '\n');
}

TEST(Progress, OtherRanksAreSilent) { EXPECT_EQ(written(false, true) + written(false, false), ""); }

}  // namespace
}  // namespace genesis::trainer
