#pragma once
#include "kernels/core/check.h"

namespace genesis::parallel {

/// The text MPI has for an error code.
const char* mpi_error_text(int code);

}  // namespace genesis::parallel

/// Makes an MPI call. Errors: genesis::Error naming the call, MPI's reason, file and line.
#define GENESIS_MPI(call)                                                              \
  do {                                                                                 \
    const int genesis_mpi_code = (call);                                               \
    GENESIS_CHECK(genesis_mpi_code == 0, #call,                                        \
                  " failed: ", ::genesis::parallel::mpi_error_text(genesis_mpi_code)); \
  } while (false)
