#include "trainer/progress/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace genesis::trainer {
namespace {

constexpr int kWidestBar = 30;     // columns
constexpr int kNarrowestBar = 10;  // below it the bar says nothing

/// What follows the step count, the most important first.
std::vector<std::string> parts_of(const StepMetrics& m, std::optional<double> seconds_left) {
  std::vector<std::string> parts = {fmt::format("loss {:.4f}", m.loss)};
  if (m.eval_loss) parts.push_back(fmt::format("eval_loss {:.4f}", *m.eval_loss));
  if (seconds_left) parts.push_back("ETA " + duration_text(*seconds_left));
  parts.push_back(count_text(m.tokens_per_second()) + " tok/s");
  parts.push_back(fmt::format("lr {:.2e}", m.learning_rate));
  parts.push_back(fmt::format("grad {:.3g}", m.grad_norm));
  return parts;
}

}  // namespace

std::string duration_text(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "?";
  const auto s = static_cast<int64_t>(std::llround(seconds));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

std::string count_text(double count) {
  if (count < 999.5) return fmt::format("{:.0f}", count);
  if (count < 999.5e3) return fmt::format("{:.3g}k", count / 1e3);
  return fmt::format("{:.3g}M", count / 1e6);
}

std::string plain_line(const StepMetrics& m, int64_t total_steps, std::optional<double> seconds_left) {
  std::string line = fmt::format("step {}/{}", m.step, total_steps);
  for (const auto& part : parts_of(m, seconds_left)) line += "  " + part;
  return line;
}

std::string bar_line(const StepMetrics& m, int64_t total_steps, std::optional<double> seconds_left,
                     int width) {
  const auto columns = static_cast<size_t>(std::max(width, 0));
  std::string text = fmt::format("{}/{}", m.step, total_steps);
  if (text.size() > columns) return text.substr(0, columns);
  bool first = true;
  for (const auto& part : parts_of(m, seconds_left)) {
    const size_t kept_for_bar =
        first ? 0 : kNarrowestBar + 3;  // the loss comes before the bar, the rest after it
    if (text.size() + 2 + part.size() + kept_for_bar > columns) break;
    text += "  " + part;
    first = false;
  }
  const int room = std::min(kWidestBar, width - static_cast<int>(text.size()) - 3);  // "[", "] "
  if (room < kNarrowestBar) return text;
  const double share = total_steps > 0 ? std::clamp(double(m.step) / double(total_steps), 0.0, 1.0) : 0.0;
  const auto filled = static_cast<size_t>(share * room);
  return "[" + std::string(filled, '#') + std::string(static_cast<size_t>(room) - filled, '.') + "] " + text;
}

}  // namespace genesis::trainer
