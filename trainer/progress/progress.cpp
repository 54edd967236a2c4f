#include "trainer/progress/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernels/core/log.h"
#include "trainer/progress/progress_text.h"

namespace genesis::trainer {
namespace {

constexpr int kUsualWidth = 80;  // columns, where the terminal does not say

int terminal_width(std::FILE* stream) {
  winsize size{};
  const bool known = ::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUsualWidth;
}

}  // namespace

ProgressOutput ProgressOutput::automatic() {
  return {stderr, log_rank() <= 0, ::isatty(::fileno(stderr)) == 1};
}

Progress::Progress(ProgressOutput output, int64_t total_steps, int64_t first_step)
    : output_(output), total_steps_(total_steps), first_step_(first_step), last_step_(first_step) {}

Progress::~Progress() { finish(); }

void Progress::update(const StepMetrics& metrics) {
  if (last_step_ != first_step_) {
    timed_steps_ += metrics.step - last_step_;
    timed_seconds_ += metrics.seconds;
  }
  last_step_ = metrics.step;
  if (!output_.shown) return;
  const auto left = seconds_left(metrics);
  if (!output_.terminal) return write(plain_line(metrics, total_steps_, left) + "\n");
  if (metrics.eval_loss) line(fmt::format("step {}: eval_loss {:.4f}", metrics.step, *metrics.eval_loss));
  erase_bar();
  // One column less: a full last column makes some terminals wrap.
  write(bar_line(metrics, total_steps_, left, terminal_width(output_.stream) - 1));
  bar_is_drawn_ = true;
}

void Progress::line(std::string_view text) {
  if (!output_.shown) return;
  erase_bar();
  write(std::string(text) + "\n");
}

void Progress::finish() {
  if (bar_is_drawn_) write("\n");
  bar_is_drawn_ = false;
}

std::optional<double> Progress::seconds_left(const StepMetrics& metrics) const {
  if (timed_steps_ == 0) return std::nullopt;
  return timed_seconds_ / static_cast<double>(timed_steps_) *
         static_cast<double>(total_steps_ - metrics.step);
}

void Progress::erase_bar() {
  if (bar_is_drawn_) write("\r\x1b[K");
  bar_is_drawn_ = false;
}

void Progress::write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), output_.stream);
  std::fflush(output_.stream);
}

}  // namespace genesis::trainer
