#include "trainer/control/hang_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>

namespace genesis::trainer {
namespace {

std::string call_text(const CallView& view) {
  const parallel::Call& c = view.call;
  const std::string size = c.count > 0 ? fmt::format(" {} x {}", c.count, name_of(c.dtype)) : std::string();
  return fmt::format("{} #{}{} ({} bytes, {})", name_of(c.collective), c.sequence, size, c.bytes(),
                     view.group.data());
}

std::string where(const PulseView& p) {
  if (p.calls == 0) return fmt::format("in phase {}, before its first collective", name_of(p.phase));
  return fmt::format("step {}, {} {}{}", p.step, p.waiting ? "in" : "after", call_text(p.call),
                     p.phase == Phase::step ? "" : fmt::format(", phase {}", name_of(p.phase)));
}

std::string what(const Finding& f) {
  switch (f.trouble) {
    case Trouble::dead:
      return f.pulse.phase == Phase::gone ? "ended while others wait for it" : "died";
    case Trouble::stopped:
      return fmt::format("is stopped (SIGSTOP or a debugger): no heartbeat for {:.1f} s", f.silent);
    case Trouble::silent:
      return fmt::format("gives no heartbeat for {:.1f} s (process state {})", f.silent,
                         f.pulse.process_state);
    case Trouble::unreachable:
      return fmt::format("is out of reach: no word from its host for {:.1f} s (link or machine)", f.silent);
    case Trouble::absent:
      return fmt::format("has not started after {:.0f} s", f.silent);
    case Trouble::behind:
      return fmt::format("lags: alive, and no progress for {:.1f} s while others wait", f.still);
    case Trouble::stuck:
      return fmt::format("is stuck in its call for {:.1f} s", f.still);
    case Trouble::none:
      break;
  }
  return "is fine";
}

std::string who(const PulseView& p) {
  if (p.process == 0) return "a rank of this host";
  return fmt::format("rank {} (host {}, pid {})", p.rank, p.host_name(), p.process);
}

std::string row(const Finding& f) {
  const PulseView& p = f.pulse;
  if (p.process == 0) return fmt::format("{:>6}  (not started)\n", "?");
  return fmt::format(
      "{:>6}  {:<16} {:>8}  {:<11} {:<9} {:>7}  {:>8.1f} {:>8.1f}  {}\n", p.rank, p.host_name(), p.process,
      name_of(f.trouble), name_of(p.phase), p.step, f.silent, f.still,
      p.calls == 0 ? "-" : fmt::format("{} {}", p.waiting ? "in" : "after", call_text(p.call)));
}

}  // namespace

std::string hang_report(std::span<const Finding> findings) {
  std::vector<Finding> all(findings.begin(), findings.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const Finding& a, const Finding& b) { return a.pulse.rank < b.pulse.rank; });
  std::string text = "hang: ";
  size_t named = 0, more = 0;
  for (const Finding& f : all) {
    if (f.trouble == Trouble::none) continue;
    if (named == 4) {
      ++more;
      continue;
    }
    text += fmt::format("{}{} {}; {}", named ? "\n      " : "", who(f.pulse), what(f), where(f.pulse));
    ++named;
  }
  if (more > 0) text += fmt::format("\n      and {} more", more);
  text += fmt::format("\n{:>6}  {:<16} {:>8}  {:<11} {:<9} {:>7}  {:>8} {:>8}  {}\n", "rank", "host", "pid",
                      "state", "phase", "step", "beat (s)", "move (s)", "collective");
  constexpr size_t kRows = 64;
  size_t shown = 0;
  for (const Finding& f : all) {
    if (f.trouble == Trouble::none && shown >= kRows) continue;
    text += row(f);
    ++shown;
  }
  if (shown < all.size()) text += fmt::format("        … and {} more that are fine\n", all.size() - shown);
  text.pop_back();
  return text;
}

bool write_call_logs(const std::filesystem::path& folder, std::span<const Pulse> pulses) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  bool good = !error;
  const int64_t now = monotonic_ns();
  const auto ago = [now](int64_t t) { return double(now - t) * 1e-9; };
  for (const Pulse& pulse : pulses) {
    const PulseView view = view_of(pulse);
    if (view.beat == 0) continue;
    std::ofstream out(folder / fmt::format("rank-{}.txt", view.rank));
    out << fmt::format("rank {}, host {}, pid {}, phase {}, step {}: the last {} of {} collectives\n",
                       view.rank, view.host_name(), view.process, name_of(view.phase), view.step,
                       std::min<uint64_t>(view.calls, Pulse::kCalls), view.calls);
    const uint64_t first = view.calls > Pulse::kCalls ? view.calls - Pulse::kCalls : 0;
    for (uint64_t i = first; i < view.calls; ++i) {
      const CallView c = view_of(pulse.log[i % Pulse::kCalls]);
      out << fmt::format("begun {:10.3f} s ago, {}  {}\n", ago(c.begun_ns),
                         c.ended_ns ? fmt::format("took {:10.6f} s", double(c.ended_ns - c.begun_ns) * 1e-9)
                                    : std::string("NOT ENDED        "),
                         call_text(c));
    }
    good = good && out.flush();
  }
  return good;
}

}  // namespace genesis::trainer
