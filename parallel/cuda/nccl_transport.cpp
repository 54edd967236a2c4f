#include "parallel/nccl_transport.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/cuda/stream.h"
#include "kernels/core/log.h"
#include "kernels/core/outside_bytes.h"
#include "parallel/cuda/nccl_communicator.h"
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

  int rank() const override { return host_->rank(); }
  int size() const override { return host_->size(); }
  std::string_view name() const override { return host_->name(); }
  void run(const Call& call, const void* in, void* out) override {
    NcclCommunicator::throw_if_failed();  // what a card was to sum is not there: no decision may rest on it
    host_->run(call, in, out);
  }
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
    return communicator_ != nullptr;
  }

  void run_on_card(const Call& call, const void* in, void* out) override {
    const auto stream = cuda::current_stream();
    if (call.collective == Collective::barrier) {
      GENESIS_CUDA(cudaStreamSynchronize(stream));
      return run(call, nullptr, nullptr);
    }
    communicator_->run(name_of(call.collective).data(), stream,
                       [&](ncclComm_t comm) { start(comm, call, in, out, stream); });
  }

  Array card_buffer(Shape shape, DType dtype) override {
    const int64_t bytes = numel_of(shape) * size_of(dtype);
    if (is_set("GENESIS_NCCL_REGISTER", "0") || !moves_card_memory())
      return Transport::card_buffer(std::move(shape), dtype);
    const std::shared_ptr<void> memory =
        communicator_->registered_memory(bytes, [this](bool yes) { return everyone(yes); });
    if (!memory) return Transport::card_buffer(std::move(shape), dtype);
    const MemoryCategory category = current_memory_category();
    count_outside_bytes(category, bytes, Device::cuda);
    const std::shared_ptr<void> counted(memory.get(), [memory, category, bytes](void*) {
      count_outside_bytes(category, -bytes, Device::cuda);
    });
    return Array::borrow(memory.get(), std::move(shape), dtype, counted, Device::cuda);
  }

 private:
  static void start(ncclComm_t comm, const Call& call, const void* in, void* out, cuda::StreamHandle stream) {
    const auto type = type_of(call.dtype);
    const auto count = size_t(call.count);
    switch (call.collective) {
      case Collective::all_reduce:
        GENESIS_NCCL(comm, ncclAllReduce, out, out, count, type, operation_of(call.reduce), comm, stream);
        return;
      case Collective::reduce_scatter:
        GENESIS_NCCL(comm, ncclReduceScatter, in, out, count, type, operation_of(call.reduce), comm, stream);
        return;
      case Collective::all_gather:
        GENESIS_NCCL(comm, ncclAllGather, in, out, count, type, comm, stream);
        return;
      case Collective::broadcast:
        GENESIS_NCCL(comm, ncclBroadcast, out, out, count, type, call.peer, comm, stream);
        return;
      case Collective::send:
        GENESIS_NCCL(comm, ncclSend, in, count, type, call.peer, comm, stream);
        return;
      case Collective::recv:
        GENESIS_NCCL(comm, ncclRecv, out, count, type, call.peer, comm, stream);
        return;
      case Collective::barrier:
        return;
    }
  }

  /// A call of the host's back end on `count` i64 of every rank.
  std::vector<int64_t> gather(int64_t own) {
    std::vector<int64_t> all(static_cast<size_t>(size()));
    host_->run({.collective = Collective::all_gather, .dtype = DType::i64, .count = 1}, &own, all.data());
    return all;
  }

  bool everyone(bool yes) {
    const auto answers = gather(yes);
    return std::count(answers.begin(), answers.end(), 1) == size();
  }

  void decide() {
    decided_ = true;
    std::string why;
    const bool wanted = !is_set("GENESIS_NCCL", "0");
    const bool here = wanted && nccl_library(&why) != nullptr;
    if (!everyone(here)) {
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
    communicator_ = NcclCommunicator::connect(id, rank(), size(), timeout_seconds());
  }

  std::unique_ptr<Transport> host_;
  std::shared_ptr<NcclCommunicator> communicator_;
  bool decided_ = false;
};

}  // namespace

std::unique_ptr<Transport> with_nccl(std::unique_ptr<Transport> host) {
  return std::make_unique<NcclTransport>(std::move(host));
}

}  // namespace genesis::parallel
