#include "kernels/core/log.h"

#include <atomic>
#include <cstdio>
#include <string>

namespace genesis {
namespace {

std::atomic<int> own_rank{-1};

void write_line(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stderr);  // one call a line, so ranks do not mix within it
  std::fflush(stderr);
}

}  // namespace

void set_log_rank(int rank) { own_rank = rank; }
int log_rank() { return own_rank; }

void log_line(std::string_view text) {
  if (own_rank <= 0) write_line(std::string(text) + "\n");
}

void log_error(std::string_view text) {
  const int rank = own_rank;
  write_line(rank >= 0 ? fmt::format("rank {}: {}\n", rank, text) : std::string(text) + "\n");
}

}  // namespace genesis
