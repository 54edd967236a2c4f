#include "kernels/cuda/gemm.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernels/core/array.h"
#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/graph.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/cuda/stream.h"
#include "kernels/cuda/cublas_library.h"
#include "kernels/cuda/gemm_tuning.h"

// cuBLASLt is column-major: the row-major C [m, n] is its C^T [n, m], so B comes first and A second, and a
// stored matrix that is op(X) itself is its "N".
namespace genesis::kernels::cuda {
namespace {

using genesis::cuda::Event;

constexpr size_t kWorkspaceBytes = size_t{32} << 20;  // NVIDIA's recommendation for Hopper
constexpr int kCandidates = 12, kTimings = 5;
constexpr double kWorthTuning = 1e9;  // floating-point operations
constexpr size_t kPlans = 4096;

std::atomic<bool> tf32{false};

cudaDataType_t cuda_type(DType t) {
  switch (t) {
    case DType::f32:
      return CUDA_R_32F;
    case DType::bf16:
      return CUDA_R_16BF;
    case DType::f16:
      return CUDA_R_16F;
    default:
      throw Error(fmt::format("matrix product of {} on a card; use f32, bf16 or f16", name_of(t)));
  }
}

class Layout {
 public:
  Layout(DType t, int64_t rows, int64_t columns, int64_t stride, int64_t batches, int64_t batch_stride) {
    GENESIS_CUBLAS(cublasLtMatrixLayoutCreate, &layout_, cuda_type(t), uint64_t(rows), uint64_t(columns),
                   stride);
    if (batches == 1) return;
    const auto count = int32_t(batches);
    GENESIS_CUBLAS(cublasLtMatrixLayoutSetAttribute, layout_, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count,
                   sizeof(count));
    GENESIS_CUBLAS(cublasLtMatrixLayoutSetAttribute, layout_, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                   &batch_stride, sizeof(batch_stride));
  }
  ~Layout() {
    if (layout_) (void)cublas().cublasLtMatrixLayoutDestroy(layout_);
  }
  Layout(Layout&& o) noexcept : layout_(o.layout_) { o.layout_ = nullptr; }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
  cublasLtMatrixLayout_t get() const { return layout_; }

 private:
  cublasLtMatrixLayout_t layout_ = nullptr;
};

/// The operand as it is stored, in cuBLASLt's eyes.
Layout layout_of(const GemmOperand& x, DType t, int64_t rows, int64_t columns, int64_t batches) {
  return x.transposed ? Layout(t, rows, columns, x.row, batches, x.batch)
                      : Layout(t, columns, rows, x.row, batches, x.batch);
}

class Descriptor {
 public:
  explicit Descriptor(const Gemm& g) {
    const auto compute = g.in == DType::f32 && tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    GENESIS_CUBLAS(cublasLtMatmulDescCreate, &descriptor_, compute, CUDA_R_32F);
    set(CUBLASLT_MATMUL_DESC_TRANSA, g.b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, g.a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (!g.bias) return;
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, g.bias);  // some algorithms are proposed for a pointer only
  }
  ~Descriptor() {
    if (descriptor_) (void)cublas().cublasLtMatmulDescDestroy(descriptor_);
  }
  Descriptor(Descriptor&& o) noexcept : descriptor_(o.descriptor_) { o.descriptor_ = nullptr; }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  cublasLtMatmulDesc_t get() const { return descriptor_; }
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) const {
    GENESIS_CUBLAS(cublasLtMatmulDescSetAttribute, descriptor_, attribute, &value, sizeof(value));
  }

 private:
  cublasLtMatmulDesc_t descriptor_ = nullptr;
};

/// Everything of one product that does not depend on addresses.
struct Plan {
  Descriptor descriptor;
  Layout b, a, c;
  cublasLtMatmulAlgo_t algorithm{};
  bool tuned = false;

  explicit Plan(const Gemm& g)
      : descriptor(g),
        b(layout_of(g.b, g.in, g.k, g.n, g.batches)),
        a(layout_of(g.a, g.in, g.m, g.k, g.batches)),
        c(g.out, g.n, g.m, g.c_row, g.batches, g.c_batch) {}

  cublasStatus_t run(const Gemm& g, const cublasLtMatmulAlgo_t& with, void* c_data, void* workspace,
                     cudaStream_t stream) const {
    if (g.bias) descriptor.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, g.bias);
    const float alpha = float(g.alpha), beta = g.accumulate ? 1.0f : 0.0f;
    return cublas().cublasLtMatmul(cublas().handle, descriptor.get(), &alpha, g.b.data, b.get(), g.a.data,
                                   a.get(), &beta, c_data, c.get(), c_data, c.get(), &with, workspace,
                                   kWorkspaceBytes, stream);
  }
};

int alignment_of(const void* p) {
  return int(std::min<uintptr_t>(16, reinterpret_cast<uintptr_t>(p) & -reinterpret_cast<uintptr_t>(p)));
}

/// `rows`: m as it is, or its bucket.
std::string key_of(const Gemm& g, int64_t m, int64_t k) {
  int alignment = 16;
  for (const void* p : {g.a.data, g.b.data, static_cast<const void*>(g.c), g.bias})
    if (p) alignment = std::min(alignment, alignment_of(p));
  return fmt::format("{}x{}x{} {}>{} {}{} ld {} {} {} batch {} {} {} {} bias {} beta {} align {} tf32 {}", m,
                     g.n, k, name_of(g.in), name_of(g.out), g.a.transposed ? 'T' : 'N',
                     g.b.transposed ? 'T' : 'N', g.a.row, g.b.row, g.c_row, g.batches, g.a.batch, g.b.batch,
                     g.c_batch, g.bias != nullptr, g.accumulate, alignment,
                     g.in == DType::f32 && tf32.load());
}

/// What a plan is made for, in numbers: a product is looked up at every launch.
struct PlanKey {
  std::array<int64_t, 11> numbers;
  bool operator==(const PlanKey&) const = default;
};

PlanKey plan_key(const Gemm& g) {
  int alignment = 16;
  for (const void* p : {g.a.data, g.b.data, static_cast<const void*>(g.c), g.bias})
    if (p) alignment = std::min(alignment, alignment_of(p));
  const int64_t flags = int64_t(g.in) | int64_t(g.out) << 8 | int64_t(alignment) << 16 |
                        int64_t(g.a.transposed) << 24 | int64_t(g.b.transposed) << 25 |
                        int64_t(g.bias != nullptr) << 26 | int64_t(g.accumulate) << 27 |
                        int64_t(g.in == DType::f32 && tf32) << 28;
  return {{g.m, g.n, g.k, g.a.row, g.b.row, g.c_row, g.batches, g.a.batch, g.b.batch, g.c_batch, flags}};
}

struct PlanKeyHash {
  size_t operator()(const PlanKey& key) const {
    uint64_t h = 0;
    for (const int64_t n : key.numbers) h = (h ^ uint64_t(n)) * 0x9e3779b97f4a7c15u, h ^= h >> 32;
    return size_t(h);
  }
};

class Engine {
 public:
  Engine()
      : cache_(
            tuning_file("cublaslt", int64_t(cublas().cublasLtGetVersion()), genesis::cuda::probe().found)) {
    const char* set = std::getenv("GENESIS_GEMM_TUNE");
    tunes_ = !(set && std::string_view(set) == "0");
    if (set && std::string_view(set) == "all") worth_tuning_ = 0;
  }

  void run(const Gemm& g) {
    std::lock_guard lock(mutex_);
    Plan& plan = plan_of(g);
    const auto stream = genesis::cuda::current_stream();
    void* workspace = workspace_of(stream);
    if (!plan.tuned) tune_when_due(plan, g, workspace, stream);
    const auto status = plan.run(g, plan.algorithm, g.c, workspace, stream);
    if (status != CUBLAS_STATUS_SUCCESS)
      throw Error(fmt::format("cublasLtMatmul {}: {}", key_of(g, g.m, g.k),
                              cublas().cublasLtGetStatusString(status)));
    if (genesis::cuda::launch_blocking()) GENESIS_CUDA(cudaStreamSynchronize(stream));
  }

 private:
  Plan& plan_of(const Gemm& g) {
    const PlanKey key = plan_key(g);
    const auto found = plans_.find(key);
    if (found != plans_.end()) return found->second;
    if (plans_.size() >= kPlans) plans_.clear();  // shapes of long gone batches
    Plan plan(g);
    const auto candidates = candidates_of(plan, g, 1);
    plan.algorithm = candidates.front().algo;
    use_cached(plan, g);
    return plans_.emplace(key, std::move(plan)).first->second;
  }

  std::vector<cublasLtMatmulHeuristicResult_t> candidates_of(const Plan& plan, const Gemm& g,
                                                             int count) const {
    cublasLtMatmulPreference_t preference = nullptr;
    GENESIS_CUBLAS(cublasLtMatmulPreferenceCreate, &preference);
    GENESIS_CUBLAS(cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                   &kWorkspaceBytes, sizeof(kWorkspaceBytes));
    const auto limit = [&](cublasLtMatmulPreferenceAttributes_t which, const void* p) {
      const auto bytes = uint32_t(alignment_of(p));
      GENESIS_CUBLAS(cublasLtMatmulPreferenceSetAttribute, preference, which, &bytes, sizeof(bytes));
    };
    limit(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, g.b.data);
    limit(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, g.a.data);
    limit(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, g.c);
    limit(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, g.c);
    std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<size_t>(count));
    int found = 0;
    const auto status = cublas().cublasLtMatmulAlgoGetHeuristic(
        cublas().handle, plan.descriptor.get(), plan.b.get(), plan.a.get(), plan.c.get(), plan.c.get(),
        preference, count, results.data(), &found);
    (void)cublas().cublasLtMatmulPreferenceDestroy(preference);
    if (status != CUBLAS_STATUS_SUCCESS || found == 0)
      throw Error(fmt::format("cuBLASLt has no algorithm for {}: {}", key_of(g, g.m, g.k),
                              cublas().cublasLtGetStatusString(status)));
    results.resize(size_t(found));
    return results;
  }

  static std::string bucket_key(const Gemm& g) {
    // Rows are m of a forward product and k of a weight gradient; the other extents are the model's.
    return g.a.transposed ? key_of(g, g.m, tuning_bucket(g.k)) : key_of(g, tuning_bucket(g.m), g.k);
  }

  bool usable(const Plan& plan, const cublasLtMatmulAlgo_t& algorithm) const {
    cublasLtMatmulHeuristicResult_t result{};
    return cublas().cublasLtMatmulAlgoCheck(cublas().handle, plan.descriptor.get(), plan.b.get(),
                                            plan.a.get(), plan.c.get(), plan.c.get(), &algorithm,
                                            &result) == CUBLAS_STATUS_SUCCESS &&
           result.workspaceSize <= kWorkspaceBytes;
  }

  void use_cached(Plan& plan, const Gemm& g) const {
    const auto bits = cache_.find(bucket_key(g));
    if (!bits) return;
    static_assert(sizeof(cublasLtMatmulAlgo_t) == sizeof(AlgorithmBits));
    cublasLtMatmulAlgo_t algorithm;
    std::memcpy(&algorithm, bits->data(), sizeof(algorithm));
    if (usable(plan, algorithm)) plan.algorithm = algorithm;
    plan.tuned = true;
  }

  /// Times the candidates with the real types, addresses and beta, into a copy of C. At the first product of
  /// a shape: one that changed later would make a checkpoint's second run differ from its first.
  void tune_when_due(Plan& plan, const Gemm& g, void* workspace, cudaStream_t stream) {
    const double operations = 2.0 * double(g.m) * double(g.n) * double(g.k) * double(g.batches);
    plan.tuned = true;
    if (!tunes_ || operations < worth_tuning_ || genesis::cuda::is_recording()) return;
    use_cached(plan, g);  // a shape of the same bucket may have been measured meanwhile
    if (cache_.find(bucket_key(g))) return;
    const int64_t elements = g.batches > 1 ? g.batches * g.c_batch : g.m * g.c_row;
    void* scratch = genesis::cuda::allocate_bytes(elements * size_of(g.out));
    if (!scratch) return;  // no room to measure in: the heuristic's choice stays
    GENESIS_CUDA(cudaMemsetAsync(scratch, 0, size_t(elements * size_of(g.out)), stream));
    double best = 1e30;
    for (const auto& candidate : candidates_of(plan, g, kCandidates)) {
      if (candidate.state != CUBLAS_STATUS_SUCCESS) continue;
      const Event begin(true), end(true);
      bool ran = plan.run(g, candidate.algo, scratch, workspace, stream) == CUBLAS_STATUS_SUCCESS;  // warm up
      begin.record(stream);
      for (int i = 0; i < kTimings && ran; ++i)
        ran = plan.run(g, candidate.algo, scratch, workspace, stream) == CUBLAS_STATUS_SUCCESS;
      end.record(stream);
      end.synchronize();
      if (!ran) continue;
      const double ms = Event::elapsed_ms(begin, end);
      if (ms < best) {
        best = ms;
        plan.algorithm = candidate.algo;
      }
    }
    genesis::cuda::free_bytes(scratch);
    AlgorithmBits bits{};
    std::memcpy(bits.data(), &plan.algorithm, sizeof(bits));
    cache_.add(bucket_key(g), bits);
  }

  void* workspace_of(cudaStream_t stream) {
    Array& workspace = workspaces_[stream];
    if (!workspace.defined()) {
      MemoryScope scope(MemoryCategory::workspace);
      workspace = Array::empty({int64_t(kWorkspaceBytes)}, DType::u8, Device::cuda);
    }
    return workspace.raw();
  }

  std::mutex mutex_;
  TuningCache cache_;
  bool tunes_ = true;
  double worth_tuning_ = kWorthTuning;
  std::unordered_map<PlanKey, Plan, PlanKeyHash> plans_;
  std::unordered_map<cudaStream_t, Array> workspaces_;
};

}  // namespace

void gemm(const Gemm& g) {
  if (g.m == 0 || g.n == 0 || g.batches == 0) return;
  if (g.k == 0) {
    GENESIS_CHECK(!g.bias && g.batches == 1 && g.c_row == g.n,
                  "a product over nothing with a bias, a batch or gaps");
    if (!g.accumulate) genesis::cuda::zero_on_card(g.c, g.m * g.n * size_of(g.out));
    return;
  }
  static Engine* engine = new Engine;  // never destroyed: the driver may be gone first
  engine->run(g);
}

void allow_tf32(bool on) { tf32 = on; }

}  // namespace genesis::kernels::cuda
