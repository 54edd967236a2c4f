#include "parallel/launcher.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace genesis::parallel {
namespace {

std::optional<int> number_in(const char* name) {
  const char* text = std::getenv(name);
  if (!text) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  if (error != std::errc{} || *end != '\0') return std::nullopt;
  return value;
}

}  // namespace

std::optional<LauncherInfo> launcher_info() {
  LauncherInfo info;
  if (const auto size = number_in("OMPI_COMM_WORLD_SIZE")) {
    info.launcher = "mpirun";
    info.size = *size;
    info.rank = number_in("OMPI_COMM_WORLD_RANK").value_or(0);
    info.local_size = number_in("OMPI_COMM_WORLD_LOCAL_SIZE").value_or(1);
    info.local_rank = number_in("OMPI_COMM_WORLD_LOCAL_RANK").value_or(0);
    info.bound = number_in("OMPI_MCA_orte_bound_at_launch").value_or(0) == 1;
    return info;
  }
  // A batch script also carries SLURM_PROCID; only a task of a step has SLURM_STEP_NUM_TASKS.
  const auto step = number_in("SLURM_STEP_NUM_TASKS");
  if (step && number_in("SLURM_PROCID")) {
    info.launcher = "srun";
    info.size = *step;
    info.rank = number_in("SLURM_PROCID").value_or(0);
    info.local_rank = number_in("SLURM_LOCALID").value_or(0);
    // "4" or "4(x2),3": the first number is exact when all nodes run alike
    if (const char* text = std::getenv("SLURM_STEP_TASKS_PER_NODE"))
      info.local_size = std::max(1, std::atoi(text));
    return info;
  }
  if (number_in("PMIX_RANK") || number_in("PMI_RANK")) {
    info.launcher = "PMI launcher";
    info.rank = number_in("PMIX_RANK").value_or(number_in("PMI_RANK").value_or(0));
    info.size = number_in("PMI_SIZE").value_or(1);
    return info;
  }
  return std::nullopt;
}

}  // namespace genesis::parallel
