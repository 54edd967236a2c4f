#include "trainer/progress/byte_progress.h"

#include <fmt/core.h>

#include <algorithm>

#include "trainer/progress/progress_text.h"

namespace genesis::trainer {
namespace {

constexpr double kTerminalSeconds = 0.1, kPlainSeconds = 10;
constexpr int kBar = 24;  // columns

}  // namespace

ByteProgress::ByteProgress(ProgressOutput output, std::string what, int64_t total_bytes)
    : output_(output),
      what_(std::move(what)),
      total_bytes_(total_bytes),
      begin_(std::chrono::steady_clock::now()) {}

ByteProgress::~ByteProgress() {
  if (drawn_) fmt::print(output_.stream, "\r\033[K");
}

double ByteProgress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void ByteProgress::update(int64_t bytes, int64_t tokens) {
  const double now = seconds();
  if (!output_.shown || now - shown_at_ < (output_.terminal ? kTerminalSeconds : kPlainSeconds)) return;
  shown_at_ = now;
  const double share = total_bytes_ > 0 ? std::min(1.0, double(bytes) / double(total_bytes_)) : 1.0;
  const size_t filled = size_t(share * kBar);
  const std::string line =
      fmt::format("{}  {:3.0f} %  [{}{}]  {:.1f} MB/s  {} tok/s  ETA {}", what_, 100 * share,
                  std::string(filled, '#'), std::string(kBar - filled, '-'), double(bytes) / now / 1e6,
                  count_text(double(tokens) / now), duration_text(share > 0 ? now / share - now : -1));
  fmt::print(output_.stream, "{}{}{}", output_.terminal ? "\r\033[K" : "", line,
             output_.terminal ? "" : "\n");
  std::fflush(output_.stream);
  drawn_ = output_.terminal;
}

}  // namespace genesis::trainer
