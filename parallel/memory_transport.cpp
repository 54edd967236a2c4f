#include "parallel/memory_transport.h"

#include <algorithm>
#include <cstring>

#include "parallel/reduce.h"

namespace genesis::parallel {
namespace {

void copy_bytes(void* to, const void* from, int64_t bytes) {
  if (bytes > 0 && to != from) std::memcpy(to, from, size_t(bytes));
}

const std::byte* bytes_of(const void* p) { return static_cast<const std::byte*>(p); }
std::byte* bytes_of(void* p) { return static_cast<std::byte*>(p); }

}  // namespace

bool MemoryTransport::enter(const Call& call, const void* exposed, int64_t bytes) {
  announcement(rank_) = {call, exposed ? expose(exposed, bytes) : Exposure{}};
  meet();
  std::vector<Call> calls(size_t(size_), call);  // [size]
  bool reachable = true;
  for (int r = 0; r < size_; ++r) {
    calls[size_t(r)] = announcement(r).call;
    const bool needed = call.collective != Collective::broadcast || r == call.peer;
    reachable = reachable && (!needed || announcement(r).buffer.region >= 0);
  }
  check_agreement(calls);
  return reachable;
}

std::vector<Call> MemoryTransport::gather_calls(const Call& own) {
  announcement(rank_) = {own, {}};
  meet();
  std::vector<Call> calls;
  for (int r = 0; r < size_; ++r) calls.push_back(announcement(r).call);
  meet();
  return calls;
}

void MemoryTransport::run(const Call& call, const void* in, void* out) {
  switch (call.collective) {
    case Collective::send:
    case Collective::recv:
      return send_or_receive(call, in, out);
    case Collective::barrier:
      enter(call, nullptr, 0);
      return meet();  // announcements stay until everyone has read them
    default:
      break;
  }
  const bool many = call.collective == Collective::reduce_scatter;
  const bool reads_input = many || call.collective == Collective::all_gather;
  const bool direct = enter(call, reads_input ? in : out, call.bytes() * (many ? size_ : 1));
  direct ? run_direct(call, in, out) : run_staged(call, in, out);
}

void MemoryTransport::all_reduce_slices(std::span<std::byte* const> buffers, int64_t count,
                                        const Call& call) const {
  if (size_ == 1) return;
  const int64_t begin = count * rank_ / size_, end = count * (rank_ + 1) / size_;
  std::vector<const void*> sources;
  std::vector<void*> targets;
  for (std::byte* b : buffers) {
    sources.push_back(b + begin * size_of(call.dtype));
    targets.push_back(b + begin * size_of(call.dtype));
  }
  reduce_in_rank_order(sources, targets, end - begin, call.dtype, call.reduce);
}

void MemoryTransport::run_direct(const Call& call, const void* in, void* out) {
  std::vector<std::byte*> buffers(static_cast<size_t>(size_), nullptr);  // [size]
  for (int r = 0; r < size_; ++r) {
    if (announcement(r).buffer.region >= 0) buffers[size_t(r)] = locate(r, announcement(r).buffer);
  }
  const int64_t bytes = call.bytes();
  switch (call.collective) {
    case Collective::all_reduce:
      all_reduce_slices(buffers, call.count, call);
      break;
    case Collective::reduce_scatter: {
      std::vector<const void*> sources;
      for (std::byte* b : buffers) sources.push_back(b + rank_ * bytes);
      void* target[] = {out};
      reduce_in_rank_order(sources, target, call.count, call.dtype, call.reduce);
      break;
    }
    case Collective::all_gather:
      for (int r = 0; r < size_; ++r) {
        copy_bytes(bytes_of(out) + r * bytes, r == rank_ ? in : buffers[size_t(r)], bytes);
      }
      break;
    default:
      if (rank_ != call.peer) copy_bytes(out, buffers[size_t(call.peer)], bytes);
  }
  meet();
}

void MemoryTransport::run_staged(const Call& call, const void* in, void* out) {
  const bool scatter = call.collective == Collective::reduce_scatter;
  const int64_t width = size_of(call.dtype), parts = scatter ? size_ : 1;
  const int64_t piece = staging_bytes() / (parts * width);  // elements
  std::vector<std::byte*> stages;                           // [size]
  for (int r = 0; r < size_; ++r) stages.push_back(staging(r));
  std::byte* own = stages[size_t(rank_)];

  for (int64_t at = 0; at < call.count; at += piece) {
    const int64_t n = std::min(piece, call.count - at), bytes = n * width;
    switch (call.collective) {
      case Collective::all_reduce:
        copy_bytes(own, bytes_of(out) + at * width, bytes);
        meet();
        all_reduce_slices(stages, n, call);
        meet();
        copy_bytes(bytes_of(out) + at * width, own, bytes);
        break;
      case Collective::reduce_scatter: {
        for (int r = 0; r < size_; ++r)
          copy_bytes(own + r * bytes, bytes_of(in) + (r * call.count + at) * width, bytes);
        meet();
        std::vector<const void*> sources;
        for (std::byte* s : stages) sources.push_back(s + rank_ * bytes);
        void* target[] = {bytes_of(out) + at * width};
        reduce_in_rank_order(sources, target, n, call.dtype, call.reduce);
        meet();
        break;
      }
      case Collective::all_gather:
        copy_bytes(own, bytes_of(in) + at * width, bytes);
        meet();
        for (int r = 0; r < size_; ++r) {
          copy_bytes(bytes_of(out) + (r * call.count + at) * width, stages[size_t(r)], bytes);
        }
        meet();
        break;
      default:
        if (rank_ == call.peer) copy_bytes(own, bytes_of(out) + at * width, bytes);
        meet();
        if (rank_ != call.peer) copy_bytes(bytes_of(out) + at * width, stages[size_t(call.peer)], bytes);
        meet();
    }
  }
  meet();
}

}  // namespace genesis::parallel
