#pragma once
#include <optional>
#include <string>

namespace genesis::parallel {

/// What the launcher (mpirun, srun) says of this process in its environment, before MPI is up.
struct LauncherInfo {
  int rank = 0;
  int size = 1;
  int local_rank = 0;
  int local_size = 1;    ///< ranks on this host
  bool bound = false;    ///< Open MPI bound this process to some cores
  std::string launcher;  ///< "mpirun", "srun"
};

/// Nothing when no launcher started this process: it is alone and never touches MPI.
///   Reads OMPI_COMM_WORLD_*, PMIX_RANK, PMI_RANK/PMI_SIZE, SLURM_STEP_* with SLURM_PROCID.
std::optional<LauncherInfo> launcher_info();

}  // namespace genesis::parallel
