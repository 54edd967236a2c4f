#pragma once
#include <nccl.h>

#include <string>

namespace genesis::parallel {

/// The functions of NCCL that Genesis calls, found when ranks with cards first talk.
struct NcclLibrary {
#define GENESIS_NCCL_FUNCTIONS(X) \
  X(ncclGetUniqueId)              \
  X(ncclGetVersion)               \
  X(ncclGetErrorString)           \
  X(ncclGetLastError)             \
  X(ncclCommInitRankConfig)       \
  X(ncclCommGetAsyncError)        \
  X(ncclCommFinalize)             \
  X(ncclCommDestroy)              \
  X(ncclCommAbort)                \
  X(ncclAllReduce)                \
  X(ncclReduceScatter)            \
  X(ncclAllGather)                \
  X(ncclBroadcast)                \
  X(ncclSend)                     \
  X(ncclRecv)
/// Null in an older library: buffers that the cards' links reach without a copy (2.27).
#define GENESIS_NCCL_BUFFER_FUNCTIONS(X) \
  X(ncclMemAlloc)                        \
  X(ncclMemFree)                         \
  X(ncclCommWindowRegister)              \
  X(ncclCommWindowDeregister)
#define GENESIS_NCCL_MEMBER(name) decltype(&::name) name = nullptr;
  GENESIS_NCCL_FUNCTIONS(GENESIS_NCCL_MEMBER)
  GENESIS_NCCL_BUFFER_FUNCTIONS(GENESIS_NCCL_MEMBER)
#undef GENESIS_NCCL_MEMBER
  bool registers_buffers() const {
    return ncclMemAlloc && ncclMemFree && ncclCommWindowRegister && ncclCommWindowDeregister;
  }
};

/// Loads libnccl.so.2 once; null with the loader's words in `why` where there is none.
const NcclLibrary* nccl_library(std::string* why = nullptr);

/// Throws genesis::Error naming the call and what NCCL says of it.
[[noreturn]] void fail_nccl(ncclResult_t status, const char* call, ncclComm_t comm);

}  // namespace genesis::parallel

/// Calls a function of NCCL; a call that is still in progress on a non-blocking communicator is no error.
#define GENESIS_NCCL(comm, function, ...)                                                    \
  do {                                                                                       \
    const ncclResult_t status_ = ::genesis::parallel::nccl_library()->function(__VA_ARGS__); \
    if (status_ != ncclSuccess && status_ != ncclInProgress) [[unlikely]]                    \
      ::genesis::parallel::fail_nccl(status_, #function, comm);                              \
  } while (false)
