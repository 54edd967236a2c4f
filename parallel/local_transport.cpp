#include "parallel/local_transport.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace genesis::parallel {

LocalMeeting::LocalMeeting(int size) : announcements_(size_t(size)) {
  for (int i = 0; i < size * size; ++i) mailboxes_.push_back(std::make_unique<Mailbox>());
}

void LocalMeeting::abandon(int rank) {
  std::vector<std::shared_ptr<LocalMeeting>> parts;
  {
    std::lock_guard lock(mutex_);
    if (failed_rank_ < 0) failed_rank_ = rank;
    for (auto& [key, part] : parts_) parts.push_back(part);
  }
  rendezvous.abandon(rank);
  for (auto& part : parts) part->abandon(rank);
}

std::shared_ptr<LocalMeeting> LocalMeeting::part(std::span<const int> members, int number) {
  std::lock_guard lock(mutex_);
  auto& part = parts_[{number, {members.begin(), members.end()}}];
  if (!part) part = std::make_shared<LocalMeeting>(int(members.size()));
  if (failed_rank_ >= 0) part->abandon(failed_rank_);
  return part;
}

std::unique_ptr<Transport> LocalTransport::split(std::span<const int> members) {
  const auto place = std::find(members.begin(), members.end(), rank());
  GENESIS_CHECK(place != members.end(), "rank ", rank(), " splits a group it is not in");
  return std::make_unique<LocalTransport>(meeting_->part(members, splits_++), int(place - members.begin()));
}

LocalTransport::LocalTransport(std::shared_ptr<LocalMeeting> meeting, int rank)
    : MemoryTransport(rank, meeting->size()), meeting_(std::move(meeting)) {}

Exposure LocalTransport::expose(const void* buffer, int64_t) const {
  return {0, std::bit_cast<int64_t>(buffer)};  // one address space: the address says it all
}

std::byte* LocalTransport::locate(int, const Exposure& buffer) const {
  return std::bit_cast<std::byte*>(buffer.offset);
}

void LocalTransport::wait_for(const std::atomic<uint32_t>& state, uint32_t wanted) const {
  for (uint32_t now = state.load(std::memory_order_acquire); now != wanted;
       now = state.load(std::memory_order_acquire)) {
    const int failed = meeting_->rendezvous.failed_rank();
    if (failed >= 0) throw PeerFailure(fmt::format("rank {} ended before a message was passed", failed));
    sleep_while_equal(state, now);
  }
}

void LocalTransport::send_or_receive(const Call& call, const void* in, void* out) {
  const bool sends = call.collective == Collective::send;
  const int from = sends ? rank() : call.peer, to = sends ? call.peer : rank();
  auto& box = *meeting_->mailboxes_[size_t(from * size() + to)];
  if (sends) {
    box.call = call;
    box.data = in;
    box.state.store(1, std::memory_order_release);
    wake_sleepers(box.state);
    wait_for(box.state, 2);
    box.state.store(0, std::memory_order_release);
    return;
  }
  wait_for(box.state, 1);
  const bool fits = box.call.count == call.count && box.call.dtype == call.dtype;
  const std::string offered = describe(box.call);
  if (fits && call.bytes() > 0) std::memcpy(out, box.data, size_t(call.bytes()));
  box.state.store(2, std::memory_order_release);
  wake_sleepers(box.state);
  GENESIS_CHECK(fits, "rank ", rank(), " calls ", describe(call), ", rank ", from, " calls ", offered);
}

}  // namespace genesis::parallel
