#pragma once
#include <cstddef>
#include <vector>

#include "parallel/communicator.h"
#include "trainer/checkpoint/held_state.h"
#include "trainer/checkpoint/save_plan.h"

namespace genesis::trainer {

/// This rank's share of a save in memory of its own: training may change the state as soon as take() returns.
///   Its memory, once used, is kept for the next save.
class Snapshot {
 public:
  /// Copies what this rank writes; what it lacks comes from its holders. `held` as the plan was made of.
  /// Collective when the plan moves parts between ranks.
  void take(const SavePlan& plan, const std::vector<HeldTensor>& held, parallel::Communicator& ranks);

  /// The data of a file that this rank writes [data_bytes].
  const std::byte* data_of(const SavePlan& plan, size_t file) const;

 private:
  Array bytes_;  // [data_bytes_of(rank)] u8, files of this rank one behind the other
  int rank_ = 0;
};

}  // namespace genesis::trainer
