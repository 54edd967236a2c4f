#pragma once
#include <cstddef>
#include <vector>

#include "parallel/rendezvous.h"
#include "parallel/transport.h"

namespace genesis::parallel {

/// Where a rank's buffer is, in words every rank of the group can resolve.
struct Exposure {
  int64_t region = -1;  ///< a shared region, or -1: not reachable by the others
  int64_t offset = 0;   ///< bytes from the region's first
};

/// What a rank shows the others when it enters a call.
struct Announcement {
  Call call;
  Exposure buffer;
};

/// Collectives among ranks that reach each other's memory: threads of one process, or processes that map
/// shared segments. Each rank reduces its slice of all ranks' buffers, in rank order, and writes the result
/// to all of them.
///   Bytes moved per rank for an all_reduce of B bytes: B read, B written (plus 2 B each way when staged).
///   Buffers that the others cannot reach pass through a staging area in pieces.
class MemoryTransport : public Transport {
 public:
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void run(const Call& call, const void* in, void* out) final;
  std::vector<Call> gather_calls(const Call& own) final;
  bool checks_agreement() const final { return true; }

 protected:
  MemoryTransport(int rank, int size) : rank_(rank), size_(size) {}

  virtual Rendezvous& rendezvous() = 0;
  virtual Announcement& announcement(int peer) = 0;
  virtual Exposure expose(const void* buffer, int64_t bytes) const = 0;
  virtual std::byte* locate(int peer, const Exposure& buffer) const = 0;
  /// Staging area of one rank, seen by all; null where every buffer is reachable.
  virtual std::byte* staging(int peer) const = 0;
  virtual int64_t staging_bytes() const = 0;
  virtual void send_or_receive(const Call& call, const void* in, void* out) = 0;

  void meet() { rendezvous().arrive_and_wait(size_); }

 private:
  /// Announces the call, waits for all, checks agreement. True when every buffer that must be seen can be.
  bool enter(const Call& call, const void* exposed, int64_t bytes);
  void run_direct(const Call& call, const void* in, void* out);
  void run_staged(const Call& call, const void* in, void* out);
  void all_reduce_slices(std::span<std::byte* const> buffers, int64_t count, const Call& call) const;

  int rank_, size_;
};

}  // namespace genesis::parallel
