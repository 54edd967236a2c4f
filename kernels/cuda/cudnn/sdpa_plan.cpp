#include "kernels/cuda/sdpa_plan.h"

#define NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING
#define CUDNN_FRONTEND_SKIP_JSON_LIB
#include <cudnn_frontend.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>

#include "kernels/core/check.h"
#include "kernels/core/cuda/stream.h"

namespace cudnn_frontend {
void* cudnn_dlhandle = nullptr;  // the frontend finds cuDNN's functions here
}

namespace genesis::kernels::cuda {
namespace {

namespace fe = cudnn_frontend;

constexpr int64_t kOldest = 90600;  // packed documents with grouped heads, in offsets of 64 bits
constexpr int64_t kBroken[] = {91000, 91001};

/// The deterministic backward pass otherwise takes 2 bytes a pair of rows and head; where that is more than
/// this, it is asked for sums in a fixed order, which need no such memory (cuDNN 9.25 and newer).
constexpr const char* kPairsLimit = "CUDNN_FRONTEND_ATTN_DP_WORKSPACE_LIMIT";
constexpr const char* kMostPairBytes = "268435456";

CudnnState load() {
  CudnnState state;
  for (const char* name : {"libcudnn.so.9", "/usr/local/cuda/lib64/libcudnn.so.9"})
    if (!fe::cudnn_dlhandle) fe::cudnn_dlhandle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!fe::cudnn_dlhandle) {
    state.missing = fmt::format("libcudnn.so.9 cannot be loaded ({})", dlerror());
  } else {
    const int64_t v = state.version = int64_t(fe::detail::get_backend_version());
    const bool broken = std::find(std::begin(kBroken), std::end(kBroken), v) != std::end(kBroken);
    if (broken || v < kOldest)
      state.missing = fmt::format("cuDNN {} is not used: {}", v,
                                  broken ? "its attention is faulty" : "9.6 is the oldest");
    state.text =
        fmt::format("cuDNN {}.{}.{}, frontend {}.{}.{}", v / 10000, v / 100 % 100, v % 100,
                    CUDNN_FRONTEND_MAJOR_VERSION, CUDNN_FRONTEND_MINOR_VERSION, CUDNN_FRONTEND_PATCH_VERSION);
    setenv(kPairsLimit, kMostPairBytes, 0);
  }
  if (!state.missing.empty()) state.text = state.missing;
  return state;
}

/// Errors: genesis::Error when cuDNN cannot start on this card.
cudnnHandle_t handle_on_card() {
  static const cudnnHandle_t handle = [] {
    cudnnHandle_t made = nullptr;
    if (fe::detail::create_handle(&made) != CUDNN_STATUS_SUCCESS) throw Error("cudnnCreate failed");
    return made;
  }();
  return handle;
}

void expect_good(fe::error_t status, const char* what) {
  if (status.is_bad()) throw Error(fmt::format("cuDNN attention, {}: {}", what, status.get_message()));
}

using TensorPointer = std::shared_ptr<fe::graph::Tensor_attributes>;

enum Id : int64_t { kQ = 1, kK, kV, kOut, kStats, kDout, kDq, kDk, kDv, kLengthsQ, kLengthsK, kOffsets };

/// The graph of a shape, with tensors named by Id; offsets are kOffsets + SdpaOffset.
class Builder {
 public:
  Builder(fe::graph::Graph& graph, const SdpaShape& shape) : graph_(graph), s_(shape) {}

  void build() {
    const auto io = s_.dtype == DType::bf16 ? fe::DataType_t::BFLOAT16 : fe::DataType_t::HALF;
    graph_.set_io_data_type(io)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    const auto q = input(kQ, "q", s_.heads, kOffsetQ), k = input(kK, "k", s_.kv_heads, kOffsetK),
               v = input(kV, "v", s_.kv_heads, kOffsetV);
    if (s_.backward)
      backward(q, k, v);
    else
      forward(q, k, v);
  }

 private:
  template <class Attributes>
  Attributes attributes(const char* name) {
    Attributes a;
    a.set_name(name).set_causal_mask(true).set_attn_scale(s_.scale);
    if (s_.packed)
      a.set_padding_mask(true).set_seq_len_q(lengths(kLengthsQ)).set_seq_len_kv(lengths(kLengthsK));
    return a;
  }

  void forward(const TensorPointer& q, const TensorPointer& k, const TensorPointer& v) {
    auto a = attributes<fe::graph::SDPA_attributes>("attention");
    a.set_generate_stats(true);
    const auto [out, stats] = graph_.sdpa(q, k, v, a);
    place(out->set_output(true).set_uid(kOut), s_.heads, kOffsetOut);
    place_stats(stats->set_output(true).set_uid(kStats).set_data_type(fe::DataType_t::FLOAT));
  }

  void backward(const TensorPointer& q, const TensorPointer& k, const TensorPointer& v) {
    auto a = attributes<fe::graph::SDPA_backward_attributes>("attention_backward");
    a.set_deterministic_algorithm(true);
    const auto out = input(kOut, "out", s_.heads, kOffsetOut),
               dout = input(kDout, "dout", s_.heads, kOffsetDout);
    auto stats = fe::graph::Tensor_attributes();
    place_stats(stats.set_name("stats").set_uid(kStats).set_data_type(fe::DataType_t::FLOAT));
    const auto [dq, dk, dv] = graph_.sdpa_backward(q, k, v, out, dout, graph_.tensor(stats), a);
    place(dq->set_output(true).set_uid(kDq), s_.heads, kOffsetDq);
    place(dk->set_output(true).set_uid(kDk), s_.kv_heads, kOffsetDk);
    place(dv->set_output(true).set_uid(kDv), s_.kv_heads, kOffsetDv);
  }

  TensorPointer input(Id id, const char* name, int64_t heads, SdpaOffset offset) {
    auto t = fe::graph::Tensor_attributes();
    place(t.set_name(name).set_uid(id), heads, offset);
    return graph_.tensor(t);
  }

  /// [sequences, heads, length, d] over rows of `row_of(offset)` elements.
  void place(fe::graph::Tensor_attributes& t, int64_t heads, SdpaOffset offset) {
    const int64_t row = row_of(s_, offset);
    t.set_dim({s_.sequences, heads, s_.length, s_.d}).set_stride({s_.length * row, s_.d, row, 1});
    if (s_.packed) t.set_ragged_offset(offsets(offset));
  }

  void place_stats(fe::graph::Tensor_attributes& t) {
    const int64_t h = s_.heads, n = s_.length;
    t.set_dim({s_.sequences, h, n, 1});
    if (!s_.packed) {
      t.set_stride({h * n, n, 1, 1});
      return;
    }
    t.set_stride({h * n, 1, h, 1}).set_ragged_offset(offsets(kOffsetStats));
  }

  TensorPointer lengths(Id id) {
    return graph_.tensor(fe::graph::Tensor_attributes()
                             .set_name(id == kLengthsQ ? "lengths_q" : "lengths_k")
                             .set_uid(id)
                             .set_dim({s_.sequences, 1, 1, 1})
                             .set_stride({1, 1, 1, 1})
                             .set_data_type(fe::DataType_t::INT32));
  }

  TensorPointer offsets(SdpaOffset which) {
    return graph_.tensor(fe::graph::Tensor_attributes()
                             .set_name(fmt::format("offsets_{}", int(which)))
                             .set_uid(kOffsets + int64_t(which))
                             .set_dim({s_.sequences + 1, 1, 1, 1})
                             .set_stride({1, 1, 1, 1})
                             .set_data_type(fe::DataType_t::INT64));
  }

  fe::graph::Graph& graph_;
  const SdpaShape& s_;
};

}  // namespace

struct SdpaPlan::Graph {
  SdpaShape shape;
  fe::graph::Graph graph;
  int64_t workspace = 0;
};

SdpaPlan::SdpaPlan(const SdpaShape& shape) : graph_(std::make_unique<Graph>()) {
  GENESIS_CHECK(cudnn_state().missing.empty(), cudnn_state().missing);
  graph_->shape = shape;
  Builder(graph_->graph, shape).build();
  const cudnnHandle_t handle = handle_on_card();
  expect_good(graph_->graph.validate(), "validate");
  expect_good(graph_->graph.build_operation_graph(handle), "build_operation_graph");
  expect_good(graph_->graph.create_execution_plans({fe::HeurMode_t::A}), "create_execution_plans");
  expect_good(graph_->graph.check_support(handle), "check_support");
  expect_good(graph_->graph.build_plans(handle), "build_plans");
  expect_good(graph_->graph.get_workspace_size(graph_->workspace), "get_workspace_size");
}

SdpaPlan::~SdpaPlan() = default;

int64_t SdpaPlan::workspace_bytes() const { return graph_->workspace; }

void SdpaPlan::run(const SdpaMemory& m) const {
  std::unordered_map<int64_t, void*> pack{{kQ, m.q}, {kK, m.k}, {kV, m.v}, {kOut, m.out}, {kStats, m.stats}};
  const bool backward = graph_->shape.backward;
  if (backward) pack.insert({{kDout, m.dout}, {kDq, m.dq}, {kDk, m.dk}, {kDv, m.dv}});
  if (graph_->shape.packed) {
    pack.insert({{kLengthsQ, m.lengths}, {kLengthsK, m.lengths}});
    for (int i = kOffsetQ; i <= (backward ? kOffsetDv : kOffsetStats); ++i)
      pack[kOffsets + i] = m.offsets[size_t(i)];
  }
  const cudnnHandle_t handle = handle_on_card();
  if (fe::detail::set_stream(handle, genesis::cuda::current_stream()) != CUDNN_STATUS_SUCCESS)
    throw Error("cudnnSetStream failed");
  expect_good(graph_->graph.execute(handle, pack, m.workspace), "execute");
}

const CudnnState& cudnn_state() {
  static const CudnnState state = load();
  return state;
}

}  // namespace genesis::kernels::cuda
