#include "trainer/metrics/profile_table.h"

#include <fmt/format.h>

#include <iterator>

namespace genesis::trainer {
namespace {

void add_row(std::string& table, const std::string& name, int64_t calls, double seconds, double whole) {
  fmt::format_to(std::back_inserter(table), "{:<36} {:>9} {:>10.3f} {:>6.1f} %\n", name, calls, seconds,
                 whole > 0 ? 100.0 * seconds / whole : 0.0);
}

}  // namespace

std::string profile_table(std::span<const ProfileEntry> entries, double seconds) {
  std::string table = fmt::format("{:<36} {:>9} {:>10} {:>8}\n", "operation", "calls", "seconds", "share");
  double known = 0;
  for (const ProfileEntry& e : entries) {
    add_row(table, e.name, e.calls, e.seconds, seconds);
    known += e.seconds;
  }
  add_row(table, "(everything else)", 0, seconds > known ? seconds - known : 0.0, seconds);
  return table;
}

}  // namespace genesis::trainer
