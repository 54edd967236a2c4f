#include "parallel/mpi_version.h"

#include <mpi.h>

#include "parallel/mpi_call.h"

namespace genesis::parallel {

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  GENESIS_MPI(MPI_Get_library_version(text, &length));
  const std::string all(text, static_cast<size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));  // Open MPI goes on with its build's host and date
}

}  // namespace genesis::parallel
