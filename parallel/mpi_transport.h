#pragma once
#include <memory>

#include "parallel/transport.h"

namespace genesis::parallel {

/// Starts MPI with the threads a communicator needs. Errors: genesis::Error naming the MPI call, or when the
/// launcher started several processes and MPI sees one (srun without a PMI that Open MPI speaks).
void start_mpi();
/// Waits for all ranks and ends MPI.
void stop_mpi();
/// Ends all ranks with this exit code; does not return while MPI is up.
void abort_mpi(int code);

/// Collectives by messages over all ranks, on one host or many.
///   all_reduce: every rank gets its slice of each buffer, sums in rank order, and hands the result to all:
///   as in a ring, 2 B (p-1)/p bytes leave each rank for B bytes. Pieces of a few MB bound the memory for
///   what arrives. Waiting polls at ever longer intervals (at most 200 microseconds), so a waiting rank costs
///   little of a core.
std::unique_ptr<Transport> message_transport();

}  // namespace genesis::parallel
