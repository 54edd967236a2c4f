#include "kernels/cuda/library_attention.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "kernels/copy.h"
#include "kernels/core/cuda/graph.h"
#include "kernels/core/cuda/stream.h"
#include "kernels/core/log.h"
#include "kernels/core/transfer.h"
#include "kernels/cuda/gemm_tuning.h"
#include "kernels/cuda/sdpa_plan.h"

namespace genesis::kernels::cuda {
namespace {

using genesis::cuda::Event;

constexpr int64_t kFewestRows = 512, kLargestDim = 128, kEvenRows = 64;
constexpr int64_t kMostWorkspace = int64_t{512} << 20;
constexpr size_t kMostPlans = 256;  // each keeps its kernels loaded
constexpr int kTimings = 3;
constexpr double kAgreement = 0.05;  // of the largest value: bf16 sums in another order differ by less

/// What is the same in both directions.
struct Batch {
  SdpaShape shape;
  Array cu;  // i32 [documents + 1] on the host
};

bool fits(const Array& a, int64_t d) {
  return a.strides()[2] == 1 && a.strides()[1] == d && a.strides()[0] % 8 == 0 &&
         reinterpret_cast<uintptr_t>(a.raw()) % 16 == 0;
}

/// The documents of a batch where queries and keys are the same rows, one behind the other.
template <class Op>
std::optional<Batch> batch_of(const Op& o, double scale) {
  const int64_t rows = o.q.dim(0), d = o.q.dim(2), documents = o.k_length.numel();
  if (o.q.dtype() == DType::f32 || d % 8 != 0 || d > kLargestDim || rows < kFewestRows || documents == 0)
    return {};
  if (o.k.dim(0) != rows || o.cu_q.storage_offset() != 0) return {};
  for (const Array* a : {&o.q, &o.k, &o.v, &o.out})
    if (!fits(*a, d)) return {};
  const Array cu = on_device(o.cu_q, Device::cpu), begin = on_device(o.k_begin, Device::cpu),
              length = on_device(o.k_length, Device::cpu);
  const int32_t *at = cu.data<int32_t>(), *first = begin.data<int32_t>(), *count = length.data<int32_t>();
  int64_t longest = 0;
  bool even = true;
  for (int64_t i = 0; i < documents; ++i) {
    if (first[i] != at[i] || count[i] != at[i + 1] - at[i]) return {};
    longest = std::max<int64_t>(longest, count[i]);
    even = even && count[i] == count[0];
  }
  if (at[0] != 0 || at[documents] != rows) return {};
  Batch b;
  b.cu = cu;
  b.shape = {.heads = o.q.dim(1), .kv_heads = o.k.dim(1), .d = d};
  b.shape.dtype = o.q.dtype();
  b.shape.scale = float(scale > 0 ? scale : 1.0 / std::sqrt(double(d)));
  b.shape.packed = !even || longest % kEvenRows != 0;
  b.shape.sequences = b.shape.packed ? int64_t(std::bit_ceil(uint64_t(documents))) : documents;
  b.shape.length =
      b.shape.packed ? (tuning_bucket(longest) + kEvenRows - 1) / kEvenRows * kEvenRows : longest;
  b.shape.q_row = o.q.strides()[0];
  b.shape.k_row = o.k.strides()[0];
  b.shape.v_row = o.v.strides()[0];
  b.shape.out_row = o.out.strides()[0];
  return b;
}

std::optional<Batch> batch_of(const AttentionForward& o) { return batch_of(o, o.scale); }

std::optional<Batch> batch_of(const AttentionBackward& o) {
  auto b = batch_of(o, o.scale);
  if (!b) return b;
  for (const Array* a : {&o.dout, &o.dq, &o.dk, &o.dv})
    if (!fits(*a, b->shape.d)) return {};
  b->shape.backward = true;
  b->shape.dout_row = o.dout.strides()[0];
  b->shape.dq_row = o.dq.strides()[0];
  b->shape.dk_row = o.dk.strides()[0];
  b->shape.dv_row = o.dv.strides()[0];
  return b;
}

/// Lengths and offsets of a packed batch on the card, kept beside the bounds; documents that are not there
/// are empty.
void set_documents(SdpaMemory& m, const Batch& b) {
  if (!b.shape.packed) return;
  const int64_t n = b.shape.sequences, documents = b.cu.numel() - 1;
  const int32_t* at = b.cu.data<int32_t>();
  const auto kept = [&](const std::string& what, const auto& make) {
    MemoryScope scope(MemoryCategory::workspace);
    return b.cu.storage().template derived<Array>(fmt::format("sdpa.{}.{}", what, n), [&] {
      return std::make_shared<Array>(on_device(make(), Device::cuda));
    });
  };
  m.lengths = kept("lengths", [&] {
                std::vector<int32_t> lengths(size_t(n), 0);
                for (int64_t i = 0; i < documents; ++i) lengths[size_t(i)] = at[i + 1] - at[i];
                return Array::from(lengths, {n});
              })->raw();
  for (int i = kOffsetQ; i <= (b.shape.backward ? kOffsetDv : kOffsetStats); ++i) {
    const int64_t row = row_of(b.shape, SdpaOffset(i));
    m.offsets[size_t(i)] = kept(fmt::format("offsets.{}", row), [&] {
                             std::vector<int64_t> offsets;
                             for (int64_t k = 0; k <= n; ++k)
                               offsets.push_back(row * at[std::min(k, documents)]);
                             return Array::from(offsets, {n + 1});
                           })->raw();
  }
}

Array card_array(Shape shape, DType dtype) {
  MemoryScope scope(MemoryCategory::workspace);
  return Array::empty(std::move(shape), dtype, Device::cuda);
}

/// cuDNN's statistics seen as lse, [heads, …]: it keeps them by document.
Array as_lse(const Array& stats, const SdpaShape& s) {
  if (s.packed) return stats.view({-1, s.heads}).transpose(0, 1);
  return stats.view({s.sequences, s.heads, s.length}).transpose(0, 1);
}

Array like(const Array& lse, const Array& view) { return lse.view(view.shape()); }

template <class Op>
void set_common(SdpaMemory& m, const Op& o, const Array& stats, const Array& workspace) {
  m.q = o.q.raw();
  m.k = o.k.raw();
  m.v = o.v.raw();
  m.out = o.out.raw();
  m.stats = stats.raw();
  m.workspace = workspace.numel() > 0 ? workspace.raw() : nullptr;
}

void run_plan(const SdpaPlan& plan, const Batch& b, const AttentionForward& o) {
  const Array stats = card_array({o.q.dim(0) * b.shape.heads}, DType::f32),
              workspace = card_array({plan.workspace_bytes()}, DType::u8);
  SdpaMemory m;
  set_common(m, o, stats, workspace);
  set_documents(m, b);
  plan.run(m);
  if (!o.lse.defined()) return;
  const Array seen = as_lse(stats, b.shape);
  run_cuda(Copy{.src = seen, .dst = like(o.lse, seen)});
}

void run_plan(const SdpaPlan& plan, const Batch& b, const AttentionBackward& o) {
  const Array stats = card_array({o.q.dim(0) * b.shape.heads}, DType::f32),
              workspace = card_array({plan.workspace_bytes()}, DType::u8);
  const Array seen = as_lse(stats, b.shape);
  run_cuda(Copy{.src = like(o.lse, seen), .dst = seen});
  SdpaMemory m;
  set_common(m, o, stats, workspace);
  m.dout = o.dout.raw();
  m.dq = o.dq.raw();
  m.dk = o.dk.raw();
  m.dv = o.dv.raw();
  set_documents(m, b);
  plan.run(m);
}

std::vector<Array> outputs_of(const AttentionForward& o) {
  return o.lse.defined() ? std::vector<Array>{o.out, o.lse} : std::vector<Array>{o.out};
}
std::vector<Array> outputs_of(const AttentionBackward& o) { return {o.dq, o.dk, o.dv}; }

/// Values on the host in f32.
std::vector<Array> read(const std::vector<Array>& arrays) {
  std::vector<Array> host;
  for (const Array& a : arrays)
    host.push_back(converted_copy(on_device(contiguous(a), Device::cpu), DType::f32));
  return host;
}

/// The largest difference, as a share of the largest value; infinite where a number is not finite.
double difference(const std::vector<Array>& a, const std::vector<Array>& b) {
  double worst = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    const float *x = a[k].data<float>(), *y = b[k].data<float>();
    double largest = 1e-30, apart = 0;
    for (int64_t i = 0; i < a[k].numel(); ++i) {
      if (!std::isfinite(y[i])) return INFINITY;
      largest = std::max(largest, double(std::abs(x[i])));
      apart = std::max(apart, double(std::abs(x[i] - y[i])));
    }
    worst = std::max(worst, apart / largest);
  }
  return worst;
}

double milliseconds(const std::function<void()>& work) {
  const Event begin(true), end(true);
  begin.record(genesis::cuda::current_stream());
  for (int i = 0; i < kTimings; ++i) work();
  end.record(genesis::cuda::current_stream());
  end.synchronize();
  return Event::elapsed_ms(begin, end) / kTimings;
}

/// What was decided, by shape.
class Choices {
 public:
  using Plan = std::shared_ptr<SdpaPlan>;  // null: our own kernels

  template <class Op>
  bool compute(const Op& o, const std::function<void()>& own) {
    std::lock_guard lock(mutex_);
    if (way_ == AttentionWay::own || !cudnn_state().missing.empty()) return false;
    const auto batch = batch_of(o);
    if (!batch) return false;
    const auto known = plans_.find(batch->shape);
    if (genesis::cuda::is_recording() && (known == plans_.end() || known->second))
      throw Error("attention by cuDNN cannot be recorded: its plans follow the documents of a batch");
    if (known == plans_.end()) {
      if (plans_.size() >= kMostPlans) return false;
      return decide(o, *batch, own);
    }
    if (known->second) run_plan(*known->second, *batch, o);
    return known->second != nullptr;
  }

  bool is_on() {
    std::lock_guard lock(mutex_);
    return way_ != AttentionWay::own && cudnn_state().missing.empty();
  }

  void set_way(AttentionWay way) {
    std::lock_guard lock(mutex_);
    way_ = way;
    plans_.clear();
    cache_ = std::make_unique<TuningCache>(cache_file(way));
  }

  std::string measurements() const { return measurements_; }

 private:
  static std::filesystem::path cache_file(AttentionWay way) {
    if (way != AttentionWay::measured || !cudnn_state().missing.empty()) return {};
    return tuning_file("cudnn", cudnn_state().version, genesis::cuda::probe().found);
  }
  static AttentionWay asked_way() {
    const char* asked = std::getenv("GENESIS_CUDNN");
    return asked && std::string(asked) == "0" ? AttentionWay::own : AttentionWay::measured;
  }

  /// Null, with a word to whoever reads the log, where there is no plan that can be used.
  static Plan build(const SdpaShape& shape) {
    try {
      auto plan = std::make_shared<SdpaPlan>(shape);
      return plan->workspace_bytes() <= kMostWorkspace ? plan : nullptr;
    } catch (const std::exception& e) {  // the frontend throws what it likes
      notice("attention: our own kernels for {}: {}", shape.text(), e.what());
      return nullptr;
    }
  }

  template <class Op>
  bool decide(const Op& o, const Batch& batch, const std::function<void()>& own) {
    const std::string key = batch.shape.text();
    const auto found = cache_->find(key);
    Plan plan = found && (*found)[0] == 0 ? nullptr : build(batch.shape);
    if (plan && !found && way_ == AttentionWay::measured && !is_better(o, *plan, batch, own)) plan = nullptr;
    if (!found) cache_->add(key, {plan ? uint64_t{1} : uint64_t{0}});
    plans_[batch.shape] = plan;
    if (plan) run_plan(*plan, batch, o);
    return plan != nullptr;
  }

  template <class Op>
  bool is_better(const Op& o, const SdpaPlan& plan, const Batch& batch, const std::function<void()>& own) {
    const auto theirs = [&] { run_plan(plan, batch, o); };
    own();
    const auto wanted = read(outputs_of(o));
    const double own_ms = milliseconds(own);
    theirs();
    const double apart = difference(wanted, read(outputs_of(o)));
    if (!(apart < kAgreement)) {
      warn("attention: cuDNN is {:.2g} of the largest value away from our own kernels for {}: it is not used",
           apart, batch.shape.text());
      return false;
    }
    const double their_ms = milliseconds(theirs);
    measurements_ += fmt::format("{}: {:.3f} ms, cuDNN {:.3f} ms\n", batch.shape.text(), own_ms, their_ms);
    return their_ms < own_ms;
  }

  std::mutex mutex_;
  AttentionWay way_ = asked_way();
  std::unique_ptr<TuningCache> cache_ = std::make_unique<TuningCache>(cache_file(way_));
  std::map<SdpaShape, Plan> plans_;
  std::string measurements_;
};

Choices& choices() {
  static Choices all;
  return all;
}

}  // namespace

bool library_attention(const AttentionForward& op, const std::function<void()>& own) {
  return choices().compute(op, own);
}
bool library_attention(const AttentionBackward& op, const std::function<void()>& own) {
  return choices().compute(op, own);
}

bool library_may_attend(DType dtype, int64_t head_dim, int64_t rows) {
  return dtype != DType::f32 && head_dim % 8 == 0 && head_dim <= kLargestDim && rows >= kFewestRows &&
         choices().is_on();
}

void set_attention_way(AttentionWay way) { choices().set_way(way); }

std::string attention_measurements() { return choices().measurements(); }

}  // namespace genesis::kernels::cuda
