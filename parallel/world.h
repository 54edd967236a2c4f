#pragma once
#include <exception>
#include <memory>

#include "parallel/communicator.h"

namespace genesis::parallel {

/// All ranks of the job, as long as this object lives. One per process, made by main's thread.
///   Started by a launcher (launcher_info()): starts MPI; ranks of one host talk through shared memory,
///   others through messages. Alone: a communicator of size 1, and MPI is never touched. Tells the log its
///   rank. GENESIS_SHARED_MEMORY=0 uses messages everywhere.
/// Destroyed in order: waits for all ranks and ends MPI. Destroyed by an exception: leaves that to
/// end_all_ranks(). Errors: genesis::Error naming the MPI call that failed.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Communicator& communicator() { return *communicator_; }

 private:
  std::unique_ptr<Communicator> communicator_;
  bool uses_mpi_ = false;
  int exceptions_at_start_ = 0;
};

/// What main does with an exception that nobody caught: prints its message once, with the rank that failed,
/// notes the exit code (note_exit_code), and ends all ranks. Returns the exit code when there is nobody else
/// to end (or MPI is not up: the launcher then ends the rest as soon as this process exits).
int end_all_ranks(const std::exception& error);

}  // namespace genesis::parallel
