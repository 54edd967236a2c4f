// Two processes that share one card talk through NCCL, which is told that they are two hosts (NCCL_HOSTID).
// Started by two_ranks.sh under mpirun. Ends with 77 where there is no card.
#include <cstdio>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/transfer.h"
#include "parallel/launcher.h"
#include "parallel/world.h"
#include "tests/gpu/parallel/card_collective_cases.h"

using namespace genesis;

int main() {
  if (!cuda::probe().usable) {
    std::printf("no GPU: %s\n", cuda::probe().found.c_str());
    return 77;
  }
  try {
    parallel::World world;
    parallel::Communicator& ranks = world.communicator();
    if (const std::string wrong = parallel::testing::wrong_collective(ranks); !wrong.empty()) {
      std::printf("rank %d: %s\n", ranks.rank(), wrong.c_str());
      return 1;
    }
    if (ranks.rank() == 0)
      std::printf("%d ranks on one card through %s and NCCL\n", ranks.size(),
                  std::string(ranks.transport_name()).c_str());
    return 0;
  } catch (const std::exception& e) {
    return parallel::end_all_ranks(e);
  }
}
