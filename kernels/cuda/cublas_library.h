#pragma once
#include <cublasLt.h>

namespace genesis::kernels::cuda {

/// The functions of cuBLASLt that Genesis calls, found when the first product on a card is made: a run on the
/// CPU loads nothing of it (it weighs half a gigabyte).
struct CublasLibrary {
#define GENESIS_CUBLAS_FUNCTIONS(X)       \
  X(cublasLtCreate)                       \
  X(cublasLtGetVersion)                   \
  X(cublasLtGetStatusString)              \
  X(cublasLtMatmul)                       \
  X(cublasLtMatmulAlgoCheck)              \
  X(cublasLtMatmulAlgoGetHeuristic)       \
  X(cublasLtMatmulDescCreate)             \
  X(cublasLtMatmulDescDestroy)            \
  X(cublasLtMatmulDescSetAttribute)       \
  X(cublasLtMatmulPreferenceCreate)       \
  X(cublasLtMatmulPreferenceDestroy)      \
  X(cublasLtMatmulPreferenceSetAttribute) \
  X(cublasLtMatrixLayoutCreate)           \
  X(cublasLtMatrixLayoutDestroy)          \
  X(cublasLtMatrixLayoutSetAttribute)
#define GENESIS_CUBLAS_MEMBER(name) decltype(&::name) name = nullptr;
  GENESIS_CUBLAS_FUNCTIONS(GENESIS_CUBLAS_MEMBER)
#undef GENESIS_CUBLAS_MEMBER
  cublasLtHandle_t handle = nullptr;
};

/// Loads libcublasLt.so.<major> once. Errors: ConfigError naming the library and what the loader said.
const CublasLibrary& cublas();

/// Throws genesis::Error naming the call.
[[noreturn]] void fail_cublas(cublasStatus_t status, const char* call);

}  // namespace genesis::kernels::cuda

/// Calls a function of cuBLASLt: GENESIS_CUBLAS(cublasLtMatmul, arguments…).
#define GENESIS_CUBLAS(function, ...)                                                            \
  do {                                                                                           \
    if (const cublasStatus_t status_ = ::genesis::kernels::cuda::cublas().function(__VA_ARGS__); \
        status_ != CUBLAS_STATUS_SUCCESS) [[unlikely]]                                           \
      ::genesis::kernels::cuda::fail_cublas(status_, #function);                                 \
  } while (false)
