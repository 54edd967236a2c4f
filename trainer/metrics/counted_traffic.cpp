#include "trainer/metrics/counted_traffic.h"

#include <algorithm>

namespace genesis::trainer {

TalkingGroups::TalkingGroups(const std::vector<const parallel::Communicator*>& groups) {
  for (const parallel::Communicator* group : groups)
    if (group && group->size() > 1 && std::find(groups_.begin(), groups_.end(), group) == groups_.end())
      groups_.push_back(group);
}

GroupBytes TalkingGroups::logged() const {
  GroupBytes bytes;
  for (const parallel::Communicator* group : groups_) bytes[group->group()] += group->traffic().bytes;
  return bytes;
}

CountedTraffic::CountedTraffic(const TalkingGroups& groups, GroupBytes& into)
    : groups_(groups), into_(into), before_(groups.logged()) {}

CountedTraffic::~CountedTraffic() {
  for (const auto& [group, bytes] : groups_.logged()) into_[group] += bytes - before_[group];
}

}  // namespace genesis::trainer
