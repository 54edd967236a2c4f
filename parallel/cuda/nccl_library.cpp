#include "parallel/cuda/nccl_library.h"

#include <dlfcn.h>

#include "kernels/core/check.h"
#include "parallel/nccl_version.h"

namespace genesis::parallel {
namespace {

struct Loaded {
  NcclLibrary library;
  std::string why;
  bool found = false;
};

Loaded load() {
  Loaded l;
  void* handle = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!handle) handle = dlopen("/usr/local/cuda/lib64/libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    l.why = dlerror();
    return l;
  }
#define GENESIS_NCCL_FIND(function)                                                              \
  l.library.function = reinterpret_cast<decltype(l.library.function)>(dlsym(handle, #function)); \
  if (!l.library.function) {                                                                     \
    l.why = "libnccl.so.2 has no function " #function;                                           \
    return l;                                                                                    \
  }
  GENESIS_NCCL_FUNCTIONS(GENESIS_NCCL_FIND)
#undef GENESIS_NCCL_FIND
#define GENESIS_NCCL_FIND(function) \
  l.library.function = reinterpret_cast<decltype(l.library.function)>(dlsym(handle, #function));
  GENESIS_NCCL_BUFFER_FUNCTIONS(GENESIS_NCCL_FIND)
#undef GENESIS_NCCL_FIND
  l.found = true;
  return l;
}

}  // namespace

const NcclLibrary* nccl_library(std::string* why) {
  static const Loaded loaded = load();
  if (why) *why = loaded.why;
  return loaded.found ? &loaded.library : nullptr;
}

std::string nccl_version() {
  std::string why;
  const NcclLibrary* nccl = nccl_library(&why);
  if (!nccl) return "NCCL not found: " + why;
  int version = 0;
  if (nccl->ncclGetVersion(&version) != ncclSuccess) return "NCCL does not tell its version";
  return fmt::format("NCCL {}.{}.{}{}", version / 10000, version / 100 % 100, version % 100,
                     nccl->registers_buffers() ? ", registered buffers" : "");
}

void fail_nccl(ncclResult_t status, const char* call, ncclComm_t comm) {
  const NcclLibrary& nccl = *nccl_library();
  const char* more = nccl.ncclGetLastError(comm);
  throw Error(fmt::format("{}: {}{}{} (NCCL_DEBUG=INFO says more)", call, nccl.ncclGetErrorString(status),
                          more && *more ? ": " : "", more ? more : ""));
}

}  // namespace genesis::parallel
