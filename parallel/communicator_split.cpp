#include <algorithm>
#include <tuple>

#include "parallel/communicator.h"
#include "parallel/local_group.h"

namespace genesis::parallel {

void Transport::run_on_card(const Call& call, const void*, void*) {
  GENESIS_INVARIANT(false, describe(call), " on card memory through ", name(), ", which does not move it");
}

std::unique_ptr<Transport> Transport::split(std::span<const int>) {
  throw Error(fmt::format("ranks that talk through {} cannot be split into groups", name()));
}

std::unique_ptr<Communicator> Communicator::split(int64_t color, int64_t key, std::string group) {
  const Array mine = Array::from<int64_t>({color, key}, {2});
  const Array all = Array::empty({size_, 2}, DType::i64);  // [rank][color, key]
  all_gather(mine, all);
  std::vector<std::pair<int64_t, int>> order;  // key, rank
  for (int r = 0; r < size_; ++r) {
    const int64_t* row = all.data<int64_t>() + 2 * r;
    if (row[0] == color) order.emplace_back(row[1], r);
  }
  std::sort(order.begin(), order.end());
  std::vector<int> members;
  for (const auto& [its_key, rank] : order) members.push_back(rank);
  // All ranks take part, those that end up alone as well: the back end's own split is collective.
  auto transport = size_ == 1 ? nullptr : transport_->split(members);
  if (members.size() == 1) return solo_communicator(std::move(group));
  auto part = std::make_unique<Communicator>(std::move(transport), std::move(group));
  part->check_every_call_ = check_every_call_;
  return part;
}

}  // namespace genesis::parallel
