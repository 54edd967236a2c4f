#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "parallel/communicator.h"

namespace genesis::trainer {

/// Bytes by group, as the logs of the groups' communicators add them up (parallel::Traffic).
using GroupBytes = std::map<std::string, int64_t>;

/// The groups a rank talks in.
class TalkingGroups {
 public:
  /// Null pointers, groups of one rank and a group that is named twice are left out; the rest outlives this.
  explicit TalkingGroups(const std::vector<const parallel::Communicator*>& groups);

  GroupBytes logged() const;

 private:
  std::vector<const parallel::Communicator*> groups_;
};

/// Adds to `into` what the groups log while this object lives.
class CountedTraffic {
 public:
  CountedTraffic(const TalkingGroups& groups, GroupBytes& into);
  ~CountedTraffic();
  CountedTraffic(const CountedTraffic&) = delete;
  CountedTraffic& operator=(const CountedTraffic&) = delete;

 private:
  const TalkingGroups& groups_;
  GroupBytes& into_;
  GroupBytes before_;
};

}  // namespace genesis::trainer
