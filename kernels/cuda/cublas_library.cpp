#include "kernels/cuda/cublas_library.h"

#include <dlfcn.h>

#include "kernels/core/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/cuda/cublas_text.h"

namespace genesis::kernels::cuda {
namespace {

CublasLibrary load() {
  genesis::cuda::require();
  const std::string name = fmt::format("libcublasLt.so.{}", CUBLAS_VER_MAJOR);
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    // A toolkit that is not in the loader's cache.
    const std::string toolkit = "/usr/local/cuda/lib64/" + name;
    library = dlopen(toolkit.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  if (!library)
    throw ConfigError("device cuda: {} cannot be loaded ({}); install the CUDA toolkit's libraries", name,
                      dlerror());
  CublasLibrary lib;
#define GENESIS_CUBLAS_FIND(function)                                                 \
  lib.function = reinterpret_cast<decltype(lib.function)>(dlsym(library, #function)); \
  if (!lib.function) throw ConfigError("device cuda: {} has no function {}", name, #function);
  GENESIS_CUBLAS_FUNCTIONS(GENESIS_CUBLAS_FIND)
#undef GENESIS_CUBLAS_FIND
  if (const auto status = lib.cublasLtCreate(&lib.handle); status != CUBLAS_STATUS_SUCCESS)
    throw Error(fmt::format("cublasLtCreate: {}", lib.cublasLtGetStatusString(status)));
  return lib;
}

}  // namespace

const CublasLibrary& cublas() {
  static const CublasLibrary library = load();
  return library;
}

std::string cublas_text() {
  if (!genesis::cuda::probe().usable) return "not looked for without a GPU";
  try {
    const size_t version = cublas().cublasLtGetVersion();
    return fmt::format("cuBLASLt {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
  } catch (const Error& e) {
    return e.what();
  }
}

void fail_cublas(cublasStatus_t status, const char* call) {
  throw Error(fmt::format("{}: {}", call, cublas().cublasLtGetStatusString(status)));
}

}  // namespace genesis::kernels::cuda
