#pragma once
#include <memory>
#include <vector>

#include "kernels/core/memory.h"
#include "parallel/memory_transport.h"
#include "parallel/shared_segment.h"

namespace genesis::parallel {

/// Processes of one host that map each other's segments. Waiting sleeps in the kernel.
///   Buffers from shared_buffer() are reduced where they are; others pass through a staging area.
class HostTransport final : public MemoryTransport {
 public:
  /// Nothing (and `messages` is untouched) when a rank cannot map another's memory: they are on several
  /// hosts, or kept apart. Collective. `messages` carries the addresses now, and send and recv later.
  static std::unique_ptr<Transport> make(std::unique_ptr<Transport>& messages);

  /// Shared memory where every rank of `messages` can map every other's, else `messages`. Collective.
  ///   GENESIS_SHARED_MEMORY=0 leaves it at messages.
  static std::unique_ptr<Transport> prefer_over(std::unique_ptr<Transport> messages);

  /// One mapping of every rank's segment of a shared buffer.
  struct Region {
    std::vector<SharedSegment> segments;  // [size]; own one included
    MemoryCategory category = current_memory_category();
    int64_t counted = 0;  // bytes of the own one
    ~Region() { count_outside_bytes(category, -counted); }
  };

  std::string_view name() const override { return "shared memory"; }
  std::unique_ptr<Transport> split(std::span<const int> members) override {
    return messages_->split(members);  // which maps memory again where all members can
  }
  Array shared_buffer(Shape shape, DType dtype) override;
  bool claim_failure() override;

 protected:
  Rendezvous& rendezvous() override { return control().rendezvous; }
  Announcement& announcement(int peer) override;
  Exposure expose(const void* buffer, int64_t bytes) const override;
  std::byte* locate(int peer, const Exposure& buffer) const override;
  std::byte* staging(int peer) const override;
  int64_t staging_bytes() const override;
  void send_or_receive(const Call& call, const void* in, void* out) override {
    messages_->run(call, in, out);
  }

 private:
  struct Control {
    Rendezvous rendezvous;
    alignas(64) std::atomic<int32_t> failure_claimed{0};
  };
  HostTransport(std::unique_ptr<Transport> messages, std::shared_ptr<Region> base);
  Control& control() const;  ///< in rank 0's base segment

  std::unique_ptr<Transport> messages_;
  std::vector<std::shared_ptr<Region>> regions_;  // [0]: control, announcements, staging; then shared buffers
};

}  // namespace genesis::parallel
