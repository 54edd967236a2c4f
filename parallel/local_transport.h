#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "parallel/memory_transport.h"

namespace genesis::parallel {

/// What the ranks of one in-process group share.
class LocalMeeting {
 public:
  explicit LocalMeeting(int size);
  int size() const { return int(announcements_.size()); }

  /// Ends every wait in this group and in those split from it: `rank` failed.
  void abandon(int rank);
  /// The meeting of some of these ranks; all that pass the same members and `number` get the same one.
  std::shared_ptr<LocalMeeting> part(std::span<const int> members, int number);

  Rendezvous rendezvous;

 private:
  friend class LocalTransport;
  /// A message on its way from one rank to another: the sender waits until it is taken.
  struct Mailbox {
    alignas(64) std::atomic<uint32_t> state{0};  // 0 empty, 1 offered, 2 taken
    Call call;
    const void* data = nullptr;
  };
  struct alignas(64) Slot {
    Announcement value;
  };
  std::vector<Slot> announcements_;                  // [size]
  std::vector<std::unique_ptr<Mailbox>> mailboxes_;  // [from * size + to]
  std::mutex mutex_;                                 // of the next two
  std::map<std::pair<int, std::vector<int>>, std::shared_ptr<LocalMeeting>> parts_;
  int failed_rank_ = -1;
};

/// One rank of an in-process group.
class LocalTransport final : public MemoryTransport {
 public:
  LocalTransport(std::shared_ptr<LocalMeeting> meeting, int rank);

  std::string_view name() const override { return "threads"; }
  std::unique_ptr<Transport> split(std::span<const int> members) override;
  bool abandon() override {
    meeting_->abandon(rank());
    return true;
  }

 protected:
  Rendezvous& rendezvous() override { return meeting_->rendezvous; }
  Announcement& announcement(int peer) override { return meeting_->announcements_[size_t(peer)].value; }
  Exposure expose(const void* buffer, int64_t bytes) const override;
  std::byte* locate(int peer, const Exposure& buffer) const override;
  std::byte* staging(int) const override { return nullptr; }
  int64_t staging_bytes() const override { return 0; }
  void send_or_receive(const Call& call, const void* in, void* out) override;

 private:
  void wait_for(const std::atomic<uint32_t>& state, uint32_t wanted) const;
  std::shared_ptr<LocalMeeting> meeting_;
  int splits_ = 0;  // calls of split() so far, the same on every rank
};

}  // namespace genesis::parallel
