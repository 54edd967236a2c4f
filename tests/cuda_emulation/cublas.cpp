// kernels/cuda/cublas_library.h without the library: cuBLASLt as its manual describes it.
#include <cstring>
#include <vector>

#include "checker/order.h"
#include "checker/shadow.h"
#include "kernels/core/check.h"
#include "kernels/core/dtype.h"
#include "kernels/cuda/cublas_library.h"
#include "kernels/cuda/cublas_text.h"

using genesis::bf16;
using genesis::f16;

struct EmulatedCublas {};
struct EmulatedLayout {
  cudaDataType_t type;
  int64_t rows, columns, leading;
  int32_t batches = 1;
  int64_t batch_stride = 0;
};
struct EmulatedMatmul {
  cublasComputeType_t compute;
  cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
};
struct EmulatedPreference {
  uint64_t workspace = 0;
  uint32_t alignment[4] = {256, 256, 256, 256};  // a, b, c, d
};

namespace {

/// What an algorithm asks for, in the bits that are kept on disk.
struct Algorithm {
  uint64_t mark, alignment, workspace;
};
constexpr uint64_t kMark = 0x656d756c61746564;
constexpr size_t kTouchedWorkspace = 4096;

Algorithm read(const cublasLtMatmulAlgo_t& bits) { return {bits.data[0], bits.data[1], bits.data[2]}; }

/// Takes an attribute of exactly its own size, as the library insists.
template <class T>
cublasStatus_t take(T& to, const void* value, size_t bytes) {
  if (!value || bytes != sizeof(T)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

int64_t size_of(cudaDataType_t t) { return t == CUDA_R_32F ? 4 : 2; }

float load(const void* p, cudaDataType_t t, int64_t i) {
  if (t == CUDA_R_32F) return static_cast<const float*>(p)[i];
  if (t == CUDA_R_16BF) return float(static_cast<const bf16*>(p)[i]);
  return float(static_cast<const f16*>(p)[i]);
}

void store(void* p, cudaDataType_t t, int64_t i, float x) {
  if (t == CUDA_R_32F)
    static_cast<float*>(p)[i] = x;
  else if (t == CUDA_R_16BF)
    static_cast<bf16*>(p)[i] = bf16(x);
  else
    static_cast<f16*>(p)[i] = f16(x);
}

/// A product whose parts fit each other: op(A) [m, k], op(B) [k, n], C and D [m, n], all column-major.
bool fits(const EmulatedMatmul& f, const EmulatedLayout& a, const EmulatedLayout& b, const EmulatedLayout& c,
          const EmulatedLayout& d) {
  const auto rows = [](const EmulatedLayout& x, cublasOperation_t op) {
    return op == CUBLAS_OP_N ? x.rows : x.columns;
  };
  const auto columns = [](const EmulatedLayout& x, cublasOperation_t op) {
    return op == CUBLAS_OP_N ? x.columns : x.rows;
  };
  for (const EmulatedLayout* x : {&a, &b, &c, &d})
    if (x->rows <= 0 || x->columns <= 0 || x->leading < x->rows || x->batches != d.batches ||
        x->batch_stride < 0)
      return false;
  return rows(a, f.a) == d.rows && columns(b, f.b) == d.columns && columns(a, f.a) == rows(b, f.b) &&
         c.rows == d.rows && c.columns == d.columns && a.type == b.type && c.type == d.type &&
         (d.type == a.type || d.type == CUDA_R_32F) &&
         (f.compute == CUBLAS_COMPUTE_32F || a.type == CUDA_R_32F);
}

/// The alignment that leading dimensions and batch strides leave.
uint64_t alignment_of(const EmulatedLayout& x) {
  uint64_t bytes = 16;
  for (const int64_t stride : {x.leading * size_of(x.type), x.batch_stride * size_of(x.type)})
    while (stride % int64_t(bytes) != 0) bytes /= 2;
  return bytes;
}

/// TF32: 10 bits behind the point, ties away from zero.
float rounded_to_tf32(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (bits + 0x1000) & ~uint32_t{0x1fff};
  std::memcpy(&x, &bits, 4);
  return x;
}

/// Every column of every matrix is read or written.
void check_matrices(const void* p, const EmulatedLayout& x, genesis::emulation::Access access) {
  for (int64_t z = 0; z < x.batches; ++z)
    for (int64_t c = 0; c < x.columns; ++c)
      genesis::emulation::check_range(
          static_cast<const char*>(p) + (z * x.batch_stride + c * x.leading) * size_of(x.type),
          size_t(x.rows * size_of(x.type)), access);
}

std::vector<float> as_floats(const void* p, const EmulatedLayout& x, cublasOperation_t op, int64_t z,
                             cublasComputeType_t compute) {
  std::vector<float> out(size_t(x.rows * x.columns));  // op(X), row-major
  for (int64_t r = 0; r < x.rows; ++r)
    for (int64_t c = 0; c < x.columns; ++c)
      out[size_t(op == CUBLAS_OP_N ? r * x.columns + c : c * x.rows + r)] =
          load(p, x.type, z * x.batch_stride + c * x.leading + r);
  if (compute == CUBLAS_COMPUTE_32F_FAST_TF32)
    for (float& value : out) value = rounded_to_tf32(value);
  return out;
}

struct Product {
  EmulatedMatmul f;
  EmulatedLayout a, b, c, d;
  const void *a_data, *b_data, *c_data;
  void* d_data;
  float alpha, beta;

  void check() const {
    using genesis::emulation::Access;
    genesis::emulation::name_work({.kernel = nullptr, .words = "matrix product"});
    check_matrices(a_data, a, Access::read);
    check_matrices(b_data, b, Access::read);
    if (beta != 0) check_matrices(c_data, c, Access::read);
    if (f.epilogue == CUBLASLT_EPILOGUE_BIAS)
      genesis::emulation::check_range(f.bias, size_t(d.rows * size_of(d.type)), Access::read);
    check_matrices(d_data, d, Access::write);
  }

  void run() const {
    check();
    const int64_t m = d.rows, n = d.columns, k = f.a == CUBLAS_OP_N ? a.columns : a.rows;
    for (int64_t z = 0; z < d.batches; ++z) {
      const auto x = as_floats(a_data, a, f.a, z, f.compute), y = as_floats(b_data, b, f.b, z, f.compute);
      for (int64_t i = 0; i < m; ++i) {
        std::vector<float> sums(size_t(n), 0.0f);
        for (int64_t p = 0; p < k; ++p)
          for (int64_t j = 0; j < n; ++j) sums[size_t(j)] += x[size_t(i * k + p)] * y[size_t(p * n + j)];
        for (int64_t j = 0; j < n; ++j) {
          float value = alpha * sums[size_t(j)];
          if (beta != 0) value += beta * load(c_data, c.type, z * c.batch_stride + j * c.leading + i);
          if (f.epilogue == CUBLASLT_EPILOGUE_BIAS) value += load(f.bias, d.type, i);
          store(d_data, d.type, z * d.batch_stride + j * d.leading + i, value);
        }
      }
    }
  }
};

}  // namespace

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  static EmulatedCublas instance;
  *handle = &instance;
  return CUBLAS_STATUS_SUCCESS;
}
size_t cublasLtGetVersion() { return 130000; }
const char* cublasLtGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    default:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
  }
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  *layout = new EmulatedLayout{type, int64_t(rows), int64_t(columns), leading};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void* value,
                                                size_t bytes) {
  if (attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) return take(layout->batches, value, bytes);
  return take(layout->batch_stride, value, bytes);
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* matmul, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  if (scale != CUDA_R_32F) return CUBLAS_STATUS_NOT_SUPPORTED;
  *matmul = new EmulatedMatmul{compute};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t matmul) {
  delete matmul;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t matmul,
                                              cublasLtMatmulDescAttributes_t attribute, const void* value,
                                              size_t bytes) {
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return take(matmul->a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return take(matmul->b, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return take(matmul->epilogue, value, bytes);
    default:
      return take(matmul->bias, value, bytes);
  }
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = new EmulatedPreference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) return take(preference->workspace, value, bytes);
  return take(preference->alignment[int(attribute) - int(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES)], value,
              bytes);
}

/// Three algorithms: one that takes everything, one for 16-byte alignment, one for that with a workspace.
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t matmul,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t* results, int* found) {
  *found = 0;
  if (!fits(*matmul, *a, *b, *c, *d)) return CUBLAS_STATUS_INVALID_VALUE;
  uint64_t alignment = 16;
  for (const EmulatedLayout* x : {a, b, c, d}) alignment = std::min(alignment, alignment_of(*x));
  for (const uint32_t given : preference->alignment) alignment = std::min<uint64_t>(alignment, given);
  for (const Algorithm& one : {Algorithm{kMark, 16, 4 << 20}, {kMark, 16, 0}, {kMark, 2, 0}}) {
    if (*found == wanted || one.alignment > alignment || one.workspace > preference->workspace) continue;
    cublasLtMatmulHeuristicResult_t& r = results[(*found)++];
    r = {};
    r.algo.data[0] = one.mark;
    r.algo.data[1] = one.alignment;
    r.algo.data[2] = one.workspace;
    r.workspaceSize = one.workspace;
  }
  return *found > 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t matmul,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  const Algorithm one = read(*algorithm);
  if (one.mark != kMark || !fits(*matmul, *a, *b, *c, *d)) return CUBLAS_STATUS_INVALID_VALUE;
  for (const EmulatedLayout* x : {a, b, c, d})
    if (alignment_of(*x) < one.alignment) return CUBLAS_STATUS_NOT_SUPPORTED;
  *result = {};
  result->algo = *algorithm;
  result->workspaceSize = one.workspace;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t matmul, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout,
                              const void* beta, const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algorithm,
                              void* workspace, size_t workspace_bytes, cudaStream_t stream) {
  if (genesis::emulation::drops_work()) return CUBLAS_STATUS_SUCCESS;
  cublasLtMatmulHeuristicResult_t result;
  const cublasStatus_t usable =
      cublasLtMatmulAlgoCheck(nullptr, matmul, a_layout, b_layout, c_layout, d_layout, algorithm, &result);
  if (usable != CUBLAS_STATUS_SUCCESS) return usable;
  const Algorithm one = read(*algorithm);
  if (workspace_bytes < one.workspace || (one.workspace > 0 && !workspace))
    return CUBLAS_STATUS_INVALID_VALUE;
  if (matmul->epilogue == CUBLASLT_EPILOGUE_BIAS && !matmul->bias) return CUBLAS_STATUS_INVALID_VALUE;
  for (const void* p : {a, b, c, static_cast<const void*>(d)})
    if (!p || reinterpret_cast<uintptr_t>(p) % one.alignment != 0) return CUBLAS_STATUS_INVALID_VALUE;
  const Product product{*matmul,
                        *a_layout,
                        *b_layout,
                        *c_layout,
                        *d_layout,
                        a,
                        b,
                        c,
                        d,
                        *static_cast<const float*>(alpha),
                        *static_cast<const float*>(beta)};
  genesis::emulation::enqueue(stream, [product, workspace, one] {
    if (one.workspace > 0) {  // whoever else uses it will see
      genesis::emulation::check_range(workspace, kTouchedWorkspace, genesis::emulation::Access::write);
      std::memset(workspace, 0x7f, kTouchedWorkspace);
    }
    product.run();
  });
  return CUBLAS_STATUS_SUCCESS;
}

namespace genesis::kernels::cuda {

std::string cublas_text() { return "emulated cuBLASLt"; }

const CublasLibrary& cublas() {
  static const CublasLibrary library = [] {
    CublasLibrary lib;
#define GENESIS_CUBLAS_PLAYED(function) lib.function = &::function;
    GENESIS_CUBLAS_FUNCTIONS(GENESIS_CUBLAS_PLAYED)
#undef GENESIS_CUBLAS_PLAYED
    (void)lib.cublasLtCreate(&lib.handle);
    return lib;
  }();
  return library;
}

void fail_cublas(cublasStatus_t status, const char* call) {
  throw Error(fmt::format("{}: {}", call, cublasLtGetStatusString(status)));
}

}  // namespace genesis::kernels::cuda
