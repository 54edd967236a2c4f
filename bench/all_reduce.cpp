// How fast ranks sum a buffer, in GB/s of buffer (bytes / seconds of the slowest rank), against MPI_Allreduce
// in the same run. One JSON line per size.
//   mpirun --bind-to none -n 2 build/cpu/bench/all_reduce [megabytes …]
#include <mpi.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include "parallel/launcher.h"
#include "parallel/threads.h"
#include "parallel/world.h"

namespace {

using genesis::Array;
using genesis::parallel::Communicator;
using genesis::parallel::ReduceOp;

/// Median over 7 calls of the slowest rank's seconds.
double seconds_of(Communicator& world, const std::function<void()>& call) {
  call();
  std::vector<double> seconds;
  for (int i = 0; i < 7; ++i) {
    world.barrier();
    const auto start = std::chrono::steady_clock::now();
    call();
    const double own = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds.push_back(world.all_reduce_value(own, ReduceOp::max));
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[3];
}

void measure(Communicator& world, int64_t megabytes) {
  const int64_t bytes = megabytes * 1'000'000, count = bytes / 4;
  Array ordinary = Array::full({count}, 1e-9, genesis::DType::f32);
  Array shared = world.shared_buffer({count}, genesis::DType::f32);
  std::fill_n(shared.data<float>(), count, 1e-9f);
  auto rate = [&](const std::function<void()>& call) {
    return double(bytes) / 1e9 / seconds_of(world, call);
  };

  nlohmann::ordered_json line;
  line["bench"] = "all_reduce";
  line["ranks"] = world.size();
  line["threads"] = omp_get_max_threads();
  line["transport"] = world.transport_name();
  line["megabytes"] = megabytes;
  line["shared_buffer_gb_per_s"] = rate([&] { world.all_reduce(shared); });
  line["shared_buffer_async_gb_per_s"] = rate([&] { world.all_reduce_async(shared).wait(); });
  line["ordinary_gb_per_s"] = rate([&] { world.all_reduce(ordinary); });
  if (genesis::parallel::launcher_info()) {
    line["mpi_allreduce_gb_per_s"] = rate([&] {
      MPI_Allreduce(MPI_IN_PLACE, ordinary.data<float>(), int(count), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    });
  }
  if (world.rank() == 0) std::printf("%s\n", line.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    genesis::parallel::World world;
    genesis::parallel::apply(plan_threads(world.communicator()));
    std::vector<int64_t> sizes;
    for (int i = 1; i < argc; ++i) sizes.push_back(std::max(1, std::atoi(argv[i])));
    if (sizes.empty()) sizes = {1, 4, 16, 64, 256};
    for (int64_t s : sizes) measure(world.communicator(), s);
    return 0;
  } catch (const std::exception& e) {
    return genesis::parallel::end_all_ranks(e);
  }
}
