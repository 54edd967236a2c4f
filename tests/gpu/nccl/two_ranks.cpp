// Two processes that share one card talk through NCCL, which is told that they are two hosts (NCCL_HOSTID).
// Started by two_ranks.sh under mpirun. Ends with 77 where there is no card.
#include <cstdio>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/transfer.h"
#include "parallel/launcher.h"
#include "parallel/world.h"

using namespace genesis;

int main() {
  if (!cuda::probe().usable) {
    std::printf("no GPU: %s\n", cuda::probe().found.c_str());
    return 77;
  }
  try {
    parallel::World world;
    parallel::Communicator& ranks = world.communicator();
    for (const int64_t n : {1, 1000, 1 << 20}) {
      Array host = Array::empty({n}, DType::f32);
      for (int64_t i = 0; i < n; ++i) host.data<float>()[i] = float(ranks.rank() + 1) * float(i % 100);
      const Array card = on_device(host, Device::cuda);
      const auto pending = ranks.all_reduce_async(card);
      pending.wait();
      host = on_device(card, Device::cpu);
      const float factor = float(ranks.size() * (ranks.size() + 1) / 2);
      for (int64_t i = 0; i < n; ++i)
        if (host.data<float>()[i] != factor * float(i % 100)) {
          std::printf("rank %d: element %ld of %ld is %g\n", ranks.rank(), long(i), long(n),
                      double(host.data<float>()[i]));
          return 1;
        }
    }
    if (ranks.rank() == 0)
      std::printf("%d ranks on one card through %s and NCCL\n", ranks.size(),
                  std::string(ranks.transport_name()).c_str());
    return 0;
  } catch (const std::exception& e) {
    return parallel::end_all_ranks(e);
  }
}
