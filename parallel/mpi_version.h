#pragma once
#include <string>

namespace genesis::parallel {

/// "Open MPI v4.1.4": the library loaded at run time. Needs no MPI_Init.
std::string mpi_version();

}  // namespace genesis::parallel
