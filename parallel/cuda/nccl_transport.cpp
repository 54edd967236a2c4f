#include "parallel/nccl_transport.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string_view>
#include <thread>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/cuda/stream.h"
#include "kernels/core/log.h"
#include "parallel/cuda/nccl_library.h"

namespace genesis::parallel {
namespace {

bool is_set(const char* name, std::string_view value) {
  const char* set = std::getenv(name);
  return set && std::string_view(set) == value;
}

double timeout_seconds() {
  const char* set = std::getenv("GENESIS_NCCL_TIMEOUT");
  const double seconds = set ? std::atof(set) : 600;
  return seconds > 0 ? seconds : 600;
}

ncclDataType_t type_of(DType t) {
  switch (t) {
    case DType::f64:
      return ncclFloat64;
    case DType::f32:
      return ncclFloat32;
    case DType::bf16:
      return ncclBfloat16;
    case DType::f16:
      return ncclFloat16;
    case DType::i64:
      return ncclInt64;
    case DType::i32:
      return ncclInt32;
    case DType::u8:
      break;
  }
  return ncclUint8;
}

ncclRedOp_t operation_of(ReduceOp op) {
  GENESIS_CHECK(op != ReduceOp::tree_sum, "NCCL has no sum over a fixed tree");
  return op == ReduceOp::sum ? ncclSum : op == ReduceOp::max ? ncclMax : ncclMin;
}

/// This rank's card in a number that no other card of the job has: host name and bus id.
uint64_t card_number() {
  char host[256] = {}, bus[64] = {};
  (void)gethostname(host, sizeof(host) - 1);
  GENESIS_CUDA(cudaDeviceGetPCIBusId(bus, sizeof(bus), cuda::probe().device));
  return std::hash<std::string>{}(fmt::format("{} {}", host, bus));
}

class NcclTransport final : public Transport {
 public:
  explicit NcclTransport(std::unique_ptr<Transport> host) : host_(std::move(host)) {}
  ~NcclTransport() override {
    if (!comm_) return;
    const NcclLibrary& nccl = *nccl_library();
    (void)(std::uncaught_exceptions() > 0 || failed_ ? nccl.ncclCommAbort(comm_)
                                                     : nccl.ncclCommDestroy(comm_));
  }

  int rank() const override { return host_->rank(); }
  int size() const override { return host_->size(); }
  std::string_view name() const override { return host_->name(); }
  void run(const Call& call, const void* in, void* out) override { host_->run(call, in, out); }
  std::vector<Call> gather_calls(const Call& own) override { return host_->gather_calls(own); }
  bool checks_agreement() const override { return host_->checks_agreement(); }
  Array shared_buffer(Shape shape, DType dtype) override {
    return host_->shared_buffer(std::move(shape), dtype);
  }
  bool abandon() override { return host_->abandon(); }
  bool claim_failure() override { return host_->claim_failure(); }
  std::unique_ptr<Transport> split(std::span<const int> members) override {
    return std::make_unique<NcclTransport>(host_->split(members));
  }

  bool moves_card_memory() override {
    if (!decided_) decide();
    return comm_ != nullptr;
  }

  void run_on_card(const Call& call, const void* in, void* out) override {
    try {
      start(call, in, out);
      wait_until_accepted(nccl_library()->ncclGetErrorString, "a collective");
    } catch (...) {
      failed_ = true;
      if (comm_) (void)nccl_library()->ncclCommAbort(comm_);
      comm_ = nullptr;
      throw;
    }
  }

 private:
  void start(const Call& call, const void* in, void* out) {
    const auto type = type_of(call.dtype);
    const auto count = size_t(call.count);
    const auto stream = cuda::current_stream();
    switch (call.collective) {
      case Collective::all_reduce:
        GENESIS_NCCL(comm_, ncclAllReduce, out, out, count, type, operation_of(call.reduce), comm_, stream);
        return;
      case Collective::reduce_scatter:
        GENESIS_NCCL(comm_, ncclReduceScatter, in, out, count, type, operation_of(call.reduce), comm_,
                     stream);
        return;
      case Collective::all_gather:
        GENESIS_NCCL(comm_, ncclAllGather, in, out, count, type, comm_, stream);
        return;
      case Collective::broadcast:
        GENESIS_NCCL(comm_, ncclBroadcast, out, out, count, type, call.peer, comm_, stream);
        return;
      case Collective::send:
        GENESIS_NCCL(comm_, ncclSend, in, count, type, call.peer, comm_, stream);
        return;
      case Collective::recv:
        GENESIS_NCCL(comm_, ncclRecv, out, count, type, call.peer, comm_, stream);
        return;
      case Collective::barrier:
        break;
    }
    GENESIS_CUDA(cudaStreamSynchronize(stream));
    host_->run(call, nullptr, nullptr);
  }

  /// A call of the host's back end on `count` i64 of every rank.
  std::vector<int64_t> gather(int64_t own) {
    std::vector<int64_t> all(static_cast<size_t>(size()));
    host_->run({.collective = Collective::all_gather, .dtype = DType::i64, .count = 1}, &own, all.data());
    return all;
  }

  void decide() {
    decided_ = true;
    std::string why;
    const bool wanted = !is_set("GENESIS_NCCL", "0");
    const bool here = wanted && nccl_library(&why) != nullptr;
    const auto everywhere = gather(here);
    if (std::count(everywhere.begin(), everywhere.end(), 1) != size()) {
      if (wanted)
        warn("NCCL is not used: {}; gradients go through the host's memory",
             here ? "another rank has none" : why);
      return;
    }
    auto cards = gather(int64_t(card_number()));
    std::sort(cards.begin(), cards.end());
    const bool shared = std::adjacent_find(cards.begin(), cards.end()) != cards.end();
    if (shared && !is_set("GENESIS_NCCL_SHARED_CARD", "1")) {
      notice("two ranks share one GPU: gradients go through the host's memory, NCCL wants a GPU each");
      return;
    }
    connect();
  }

  void connect() {
    ncclUniqueId id{};
    if (rank() == 0) GENESIS_NCCL(nullptr, ncclGetUniqueId, &id);
    host_->run({.collective = Collective::broadcast, .dtype = DType::u8, .count = int64_t(sizeof(id))},
               nullptr, &id);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    GENESIS_NCCL(nullptr, ncclCommInitRankConfig, &comm_, size(), id, rank(), &config);
    wait_until_accepted(nccl_library()->ncclGetErrorString, "ncclCommInitRankConfig");
  }

  /// A non-blocking communicator takes a call and says later whether it could start it.
  template <class Describe>
  void wait_until_accepted(Describe describe, const char* what) {
    const auto begin = std::chrono::steady_clock::now();
    const double limit = timeout_seconds();
    for (int turn = 0;; ++turn) {
      ncclResult_t state = ncclSuccess;
      GENESIS_NCCL(comm_, ncclCommGetAsyncError, comm_, &state);
      if (state == ncclSuccess) return;
      if (state != ncclInProgress) throw Error(fmt::format("NCCL, {}: {}", what, describe(state)));
      const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      if (waited > limit)
        throw HangError("NCCL, {}: the ranks did not meet within {:.0f} s (GENESIS_NCCL_TIMEOUT)", what,
                        limit);
      if (turn > 1000) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  std::unique_ptr<Transport> host_;
  ncclComm_t comm_ = nullptr;
  bool decided_ = false, failed_ = false;
};

}  // namespace

std::unique_ptr<Transport> with_nccl(std::unique_ptr<Transport> host) {
  return std::make_unique<NcclTransport>(std::move(host));
}

}  // namespace genesis::parallel
