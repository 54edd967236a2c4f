#include "trainer/control/replica_check.h"

#include <algorithm>
#include <map>

#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

uint64_t most_common(std::span<const uint64_t> digests) {
  std::map<uint64_t, int> votes;
  for (uint64_t d : digests) ++votes[d];
  uint64_t best = digests[0];  // rank 0's wins a tie
  for (const auto& [digest, n] : votes)
    if (n > votes[best]) best = digest;
  return best;
}

std::string names_of_ranks(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank" : "ranks";
  for (int r : ranks) text += fmt::format(" {}", r);
  return text;
}

}  // namespace

std::vector<int> odd_ranks(std::span<const uint64_t> digests) {
  std::vector<int> odd;
  if (digests.empty()) return odd;
  const uint64_t usual = most_common(digests);
  for (size_t r = 0; r < digests.size(); ++r)
    if (digests[r] != usual) odd.push_back(int(r));
  return odd;
}

void check_replicas(int64_t step, std::span<const Replica> replicas, parallel::Communicator& group) {
  if (group.size() == 1 || replicas.empty()) return;
  const int64_t count = int64_t(replicas.size());
  Array own = Array::zeros({count}, DType::i64), all = Array::zeros({group.size(), count}, DType::i64);
  for (int64_t i = 0; i < count; ++i) {
    own.data<int64_t>()[i] = int64_t(parallel::digest_values(replicas[size_t(i)].value));
  }
  group.all_gather(own, all);
  std::vector<uint64_t> column(size_t(group.size()));
  for (int64_t i = 0; i < count; ++i) {
    for (int r = 0; r < group.size(); ++r) column[size_t(r)] = uint64_t(all.data<int64_t>()[r * count + i]);
    const std::vector<int> odd = odd_ranks(column);
    if (odd.empty()) continue;
    const std::string vote = 2 * odd.size() < column.size()
                                 ? fmt::format("{} differ{} from the other {}", names_of_ranks(odd),
                                               odd.size() == 1 ? "s" : "", column.size() - odd.size())
                                 : fmt::format("the ranks disagree ({} against {}) and there is no majority",
                                               names_of_ranks(odd), column.size() - odd.size());
    throw NumericsError(
        "step {}: replica check: {} in {} (digest {:016x}, the others {:016x}); "
        "memory or processor of that rank is at fault, and checkpoints since the last good check may carry "
        "it",
        step, vote, replicas[size_t(i)].name, column[size_t(odd.front())], most_common(column));
  }
}

}  // namespace genesis::trainer
