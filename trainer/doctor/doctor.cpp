#include "trainer/doctor/doctor.h"

#include <fmt/core.h>

#include <cmath>
#include <map>

#include "parallel/launcher.h"
#include "parallel/world.h"
#include "trainer/doctor/group_checks.h"

namespace genesis::trainer {
namespace {

constexpr double kMostSkew = 1.0;  // s: beyond it, times in logs and of files mislead

void print_rows(const HostFacts& f) {
  for (const auto& [name, value] : f.rows) fmt::print("{:<17}{}\n", name, value);
}

int print_problems(const std::vector<std::string>& problems) {
  for (const std::string& p : problems) fmt::print("problem          {}\n", p);
  if (problems.empty()) fmt::print("problems         none found\n");
  return int(problems.size());
}

std::string list_of(const std::vector<int>& ranks) {
  std::string text;
  for (int r : ranks) text += fmt::format("{}{}", text.empty() ? "" : " ", r);
  return text;
}

/// What must not differ between hosts.
void compare_hosts(const std::vector<HostFacts>& facts, std::vector<std::string>& problems) {
  for (const char* name : {"program", "compiler", "matrix products", "ranks", "instruction sets"})
    for (size_t r = 1; r < facts.size(); ++r)
      if (facts[r].host != facts[0].host && facts[r].at(name) != facts[0].at(name)) {
        problems.push_back(fmt::format("{} differs: {} has '{}', {} has '{}'", name, facts[0].host,
                                       facts[0].at(name), facts[r].host, facts[r].at(name)));
        break;
      }
}

int print_group(const DoctorOptions& options, parallel::Communicator& ranks) {
  const auto facts = gather_facts(collect_host_facts(options.folder), ranks);
  const auto skews = clock_skews(ranks);
  std::string reason;
  const auto blind = ranks_blind_to(options.folder, ranks, reason);
  const auto speed = measure_all_reduce(ranks, options.most_bytes);
  if (ranks.rank() != 0) return 0;

  std::map<std::string, std::vector<int>> hosts;
  for (size_t r = 0; r < facts.size(); ++r) hosts[facts[r].host].push_back(int(r));
  std::vector<std::string> problems;
  for (const auto& [host, members] : hosts) {
    const size_t first = size_t(members.front());
    fmt::print("host {}: ranks {}; clock {:+.6f} s\n", host, list_of(members), skews[first]);
    print_rows(facts[first]);
    fmt::print("\n");
    for (const std::string& p : facts[first].problems) problems.push_back(host + ": " + p);
    if (std::abs(skews[first]) > kMostSkew)
      problems.push_back(
          fmt::format("{}: its clock is {:+.3f} s off rank 0's: run an NTP service", host, skews[first]));
  }
  compare_hosts(facts, problems);
  if (!reason.empty())
    problems.push_back("rank 0 cannot write where runs go: " + reason);
  else if (!blind.empty())
    problems.push_back(fmt::format("{} is not shared: ranks {} do not see what rank 0 writes there",
                                   options.folder, list_of(blind)));
  fmt::print("all_reduce between {} ranks on {} host{} over {}\n{:>12} {:>12} {:>10}\n", ranks.size(),
             hosts.size(), hosts.size() == 1 ? "" : "s", ranks.transport_name(), "bytes", "us", "GB/s");
  for (const BandwidthPoint& p : speed)
    fmt::print("{:>12} {:>12.1f} {:>10.3f}\n", p.bytes, p.seconds * 1e6, p.gb_per_s());
  return print_problems(problems);
}

}  // namespace

int print_doctor(const DoctorOptions& options) {
  const auto launcher = parallel::launcher_info();
  if (launcher && launcher->size > 1) {
    parallel::World world;
    return print_group(options, world.communicator());
  }
  const HostFacts facts = collect_host_facts(options.folder);
  print_rows(facts);
  return print_problems(facts.problems);
}

}  // namespace genesis::trainer
