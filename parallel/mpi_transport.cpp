#include "parallel/mpi_transport.h"

#include <mpi.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "parallel/host_transport.h"
#include "parallel/launcher.h"
#include "parallel/mpi_call.h"
#include "parallel/reduce.h"

namespace genesis::parallel {
namespace {

constexpr int64_t kSliceBytes = int64_t{1} << 20;    // of one rank, in one piece of a reduction
constexpr int64_t kMessageBytes = int64_t{1} << 26;  // MPI counts are int; also bounds what one message pins
constexpr int kScatterTag = 1, kGatherTag = 2, kHeaderTag = 3, kDataTag = 4;

/// Tests until all requests are done: at first at once, then yielding, then sleeping ever longer.
void wait_all(std::vector<MPI_Request>& requests) {
  int done = 0;
  for (int64_t tries = 0;; ++tries) {
    GENESIS_MPI(MPI_Testall(int(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE));
    if (done) break;
    if (tries < 200) continue;
    if (tries < 400) {
      sched_yield();
      continue;
    }
    const timespec pause{0, std::min<int64_t>(200'000, 10'000 * (tries - 399))};
    nanosleep(&pause, nullptr);
  }
  requests.clear();
}

class MessageTransport final : public Transport {
 public:
  /// Takes over `comm`.
  explicit MessageTransport(MPI_Comm comm) : comm_(comm) {
    GENESIS_MPI(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
    GENESIS_MPI(MPI_Comm_rank(comm_, &rank_));
    GENESIS_MPI(MPI_Comm_size(comm_, &size_));
  }
  ~MessageTransport() override {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (!finalized) MPI_Comm_free(&comm_);
  }
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string_view name() const override { return "messages"; }
  void run(const Call& call, const void* in, void* out) override;
  std::vector<Call> gather_calls(const Call& own) override;
  std::unique_ptr<Transport> split(std::span<const int> members) override;

 private:
  void reduce(const Call& call, const char* in, char* out, bool everywhere);
  void reduce_piece(const Call& call, std::span<const char* const> parts, char* out, int64_t count);
  void all_gather(const char* in, char* out, int64_t bytes);
  void broadcast(char* out, int64_t bytes, int root);
  void pass(const Call& call, const char* in, char* out);
  void post_send(const void* from, int64_t bytes, int to, int tag);
  void post_receive(void* to, int64_t bytes, int from, int tag);

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  std::vector<MPI_Request> requests_;
  std::vector<char> arrived_;  // [size][slice] of one piece
};

void MessageTransport::post_send(const void* from, int64_t bytes, int to, int tag) {
  requests_.emplace_back();
  GENESIS_MPI(MPI_Isend(from, int(bytes), MPI_BYTE, to, tag, comm_, &requests_.back()));
}

void MessageTransport::post_receive(void* to, int64_t bytes, int from, int tag) {
  requests_.emplace_back();
  GENESIS_MPI(MPI_Irecv(to, int(bytes), MPI_BYTE, from, tag, comm_, &requests_.back()));
}

/// parts[r]: what rank r is to get of this rank's values, `count` elements for this rank's own part in `out`.
void MessageTransport::reduce_piece(const Call& call, std::span<const char* const> parts, char* out,
                                    int64_t count) {
  const int64_t width = size_of(call.dtype), bytes = count * width;
  arrived_.resize(size_t(std::max<int64_t>(1, bytes * size_)));
  std::vector<const void*> sources;
  for (int r = 0; r < size_; ++r) {
    sources.push_back(r == rank_ ? parts[size_t(r)] : arrived_.data() + r * bytes);
    if (r != rank_) post_receive(arrived_.data() + r * bytes, bytes, r, kScatterTag);
  }
  for (int r = 0; r < size_; ++r) {
    if (r != rank_) post_send(parts[size_t(r)], parts[size_t(r) + 1] - parts[size_t(r)], r, kScatterTag);
  }
  wait_all(requests_);
  void* target[] = {out};
  reduce_in_rank_order(sources, target, count, call.dtype, call.reduce);
}

void MessageTransport::reduce(const Call& call, const char* in, char* out, bool everywhere) {
  const int64_t width = size_of(call.dtype);
  if (!everywhere) {
    const int64_t piece = kSliceBytes / width;
    std::vector<char> packed;  // [size][piece]: a piece of every rank's part, side by side
    for (int64_t at = 0; at < call.count; at += piece) {
      const int64_t n = std::min(piece, call.count - at), bytes = n * width;
      packed.resize(size_t(bytes * size_));
      std::vector<const char*> parts;
      for (int r = 0; r <= size_; ++r) parts.push_back(packed.data() + r * bytes);
      for (int r = 0; r < size_; ++r)
        std::memcpy(packed.data() + r * bytes, in + (r * call.count + at) * width, size_t(bytes));
      reduce_piece(call, parts, out + at * width, n);
    }
    return;
  }
  const int64_t piece = kSliceBytes / width * size_;
  for (int64_t at = 0; at < call.count; at += piece) {
    const int64_t n = std::min(piece, call.count - at);
    std::vector<char*> slices;  // [size + 1] borders
    for (int r = 0; r <= size_; ++r) slices.push_back(out + (at + n * r / size_) * width);
    const std::vector<const char*> parts(slices.begin(), slices.end());
    char* own = slices[size_t(rank_)];
    const int64_t own_bytes = slices[size_t(rank_) + 1] - own;
    reduce_piece(call, parts, own, own_bytes / width);
    for (int r = 0; r < size_; ++r) {
      if (r == rank_) continue;
      post_receive(slices[size_t(r)], slices[size_t(r) + 1] - slices[size_t(r)], r, kGatherTag);
      post_send(own, own_bytes, r, kGatherTag);
    }
    wait_all(requests_);
  }
}

void MessageTransport::all_gather(const char* in, char* out, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += kMessageBytes) {
    const int64_t n = std::min(kMessageBytes, bytes - at);
    for (int r = 0; r < size_; ++r) {
      if (r == rank_) continue;
      post_receive(out + r * bytes + at, n, r, kGatherTag);
      post_send(in + at, n, r, kGatherTag);
    }
    wait_all(requests_);
  }
  if (bytes > 0 && out + rank_ * bytes != in) std::memcpy(out + rank_ * bytes, in, size_t(bytes));
}

void MessageTransport::broadcast(char* out, int64_t bytes, int root) {
  for (int64_t at = 0; at < bytes; at += kMessageBytes) {
    requests_.emplace_back();
    GENESIS_MPI(MPI_Ibcast(out + at, int(std::min(kMessageBytes, bytes - at)), MPI_BYTE, root, comm_,
                           &requests_.back()));
    wait_all(requests_);
  }
}

void MessageTransport::pass(const Call& call, const char* in, char* out) {
  Call other = call;  // the partner's view, sent ahead of the bytes
  if (call.collective == Collective::send) {
    post_send(&call, sizeof call, call.peer, kHeaderTag);
    wait_all(requests_);
    for (int64_t at = 0; at < call.bytes(); at += kMessageBytes) {
      requests_.emplace_back();
      GENESIS_MPI(MPI_Issend(in + at, int(std::min(kMessageBytes, call.bytes() - at)), MPI_BYTE, call.peer,
                             kDataTag, comm_, &requests_.back()));
      wait_all(requests_);
    }
    return;
  }
  post_receive(&other, sizeof other, call.peer, kHeaderTag);
  wait_all(requests_);
  GENESIS_CHECK(other.count == call.count && other.dtype == call.dtype, "rank ", rank_, " calls ",
                describe(call), ", rank ", call.peer, " calls ", describe(other));
  for (int64_t at = 0; at < call.bytes(); at += kMessageBytes) {
    post_receive(out + at, std::min(kMessageBytes, call.bytes() - at), call.peer, kDataTag);
    wait_all(requests_);
  }
}

void MessageTransport::run(const Call& call, const void* in, void* out) {
  const char* from = static_cast<const char*>(in);
  char* to = static_cast<char*>(out);
  switch (call.collective) {
    case Collective::all_reduce:
      return reduce(call, nullptr, to, true);
    case Collective::reduce_scatter:
      return reduce(call, from, to, false);
    case Collective::all_gather:
      return all_gather(from, to, call.bytes());
    case Collective::broadcast:
      return broadcast(to, call.bytes(), call.peer);
    case Collective::barrier:
      requests_.emplace_back();
      GENESIS_MPI(MPI_Ibarrier(comm_, &requests_.back()));
      return wait_all(requests_);
    case Collective::send:
    case Collective::recv:
      return pass(call, from, to);
  }
}

std::vector<Call> MessageTransport::gather_calls(const Call& own) {
  static_assert(std::is_trivially_copyable_v<Call>);
  std::vector<Call> calls(size_t(size_), own);
  all_gather(reinterpret_cast<const char*>(&own), reinterpret_cast<char*>(calls.data()), sizeof own);
  return calls;
}

std::unique_ptr<Transport> MessageTransport::split(std::span<const int> members) {
  int level = MPI_THREAD_SINGLE;
  GENESIS_MPI(MPI_Query_thread(&level));
  GENESIS_CHECK(level == MPI_THREAD_MULTIPLE, "MPI grants thread level ", level,
                "; several groups of ranks need MPI_THREAD_MULTIPLE");
  const auto place = std::find(members.begin(), members.end(), rank_);
  GENESIS_CHECK(place != members.end(), "rank ", rank_, " splits a group it is not in");
  MPI_Comm part = MPI_COMM_NULL;
  GENESIS_MPI(MPI_Comm_split(comm_, *std::min_element(members.begin(), members.end()),
                             int(place - members.begin()), &part));
  return HostTransport::prefer_over(std::make_unique<MessageTransport>(part));
}

}  // namespace

const char* mpi_error_text(int code) {
  thread_local char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  return MPI_Error_string(code, text, &length) == MPI_SUCCESS ? text : "unknown MPI error";
}

void start_mpi() {
  int provided = 0;
  // MULTIPLE: the communication thread makes calls while another communicator's thread may make its own.
  GENESIS_MPI(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided));
  GENESIS_CHECK(provided >= MPI_THREAD_SERIALIZED, "MPI grants thread level ", provided,
                "; a communication thread needs MPI_THREAD_SERIALIZED");
  GENESIS_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  int size = 1;
  GENESIS_MPI(MPI_Comm_size(MPI_COMM_WORLD, &size));
  const auto info = launcher_info();
  GENESIS_CHECK(!info || info->size <= 1 || info->size == size, info->launcher, " started ", info->size,
                " processes but MPI sees ", size, "; start them with mpirun, or srun --mpi=pmix");
}

void stop_mpi() { GENESIS_MPI(MPI_Finalize()); }

void abort_mpi(int code) { GENESIS_MPI(MPI_Abort(MPI_COMM_WORLD, code)); }

std::unique_ptr<Transport> message_transport() {
  MPI_Comm all = MPI_COMM_NULL;
  GENESIS_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &all));
  return std::make_unique<MessageTransport>(all);
}

}  // namespace genesis::parallel
