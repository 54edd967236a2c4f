#include "trainer/control/step_vote.h"

namespace genesis::trainer {

StepVote agree(const StepVote& own, parallel::Communicator& ranks) {
  if (ranks.size() == 1) return own;
  Array votes = Array::from<int64_t>({own.nonfinite, own.stop_signal}, {2});
  ranks.all_reduce(votes, parallel::ReduceOp::max);
  return {votes.data<int64_t>()[0] != 0, int(votes.data<int64_t>()[1])};
}

}  // namespace genesis::trainer
