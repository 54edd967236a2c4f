#pragma once
#include <string>
#include <vector>

#include "parallel/communicator.h"
#include "trainer/doctor/host_facts.h"

namespace genesis::trainer {

/// Facts of every rank, by rank. Collective.
std::vector<HostFacts> gather_facts(const HostFacts& own, parallel::Communicator& ranks);

/// Seconds each rank's clock is ahead of rank 0's (the best of several exchanges; half a round trip is its
/// error). On every rank. Collective.
std::vector<double> clock_skews(parallel::Communicator& ranks);

/// The ranks that do not see a file rank 0 writes into `folder`; all of them when rank 0 cannot write there
/// (`reason` says why). Collective.
std::vector<int> ranks_blind_to(const std::string& folder, parallel::Communicator& ranks,
                                std::string& reason);

/// Speed of an all_reduce of this many bytes of f32.
struct BandwidthPoint {
  int64_t bytes = 0;
  double seconds = 0;  ///< of one call: the median of several, the slowest rank
  double gb_per_s() const { return double(bytes) / seconds * 1e-9; }
};

/// From 1 KiB to `most` bytes in steps of eight times. Collective.
std::vector<BandwidthPoint> measure_all_reduce(parallel::Communicator& ranks, int64_t most);

}  // namespace genesis::trainer
