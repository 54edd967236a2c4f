#include "parallel/host_transport.h"

#include <cstdlib>
#include <new>
#include <string_view>

namespace genesis::parallel {
namespace {

constexpr int64_t kControlBytes = 4096;
constexpr int64_t kStagingBytes = int64_t{1} << 20;  // a piece stays in the second-level cache

/// Every rank's own segment, mapped by all, or nothing when some rank cannot. Collective.
std::shared_ptr<HostTransport::Region> map_everywhere(Transport& messages, int64_t bytes) {
  const size_t size = size_t(messages.size()), rank = size_t(messages.rank());
  using Address = SharedSegment::Address;
  auto region = std::make_shared<HostTransport::Region>();
  SharedSegment own = SharedSegment::create(bytes);
  std::vector<Address> addresses(size);
  messages.run({Collective::all_gather, ReduceOp::sum, DType::u8, sizeof(Address)}, &own.address(),
               addresses.data());
  int64_t mapped = 1;
  for (size_t r = 0; r < size; ++r) {
    auto segment = r == rank ? std::optional(std::move(own)) : SharedSegment::open(addresses[r]);
    if (!segment) {
      mapped = 0;
      break;
    }
    region->segments.push_back(std::move(*segment));
  }
  messages.run({Collective::all_reduce, ReduceOp::min, DType::i64, 1}, nullptr, &mapped);
  if (!mapped) return nullptr;
  region->segments[rank].close_descriptor();
  region->counted = bytes;
  count_outside_bytes(region->category, bytes);
  return region;
}

}  // namespace

std::unique_ptr<Transport> HostTransport::make(std::unique_ptr<Transport>& messages) {
  MemoryScope scope(MemoryCategory::workspace);
  auto base = map_everywhere(*messages, kControlBytes + kStagingBytes);
  if (!base) return nullptr;
  return std::unique_ptr<Transport>(new HostTransport(std::move(messages), std::move(base)));
}

std::unique_ptr<Transport> HostTransport::prefer_over(std::unique_ptr<Transport> messages) {
  const char* shared = std::getenv("GENESIS_SHARED_MEMORY");
  if (messages->size() == 1 || (shared && std::string_view(shared) == "0")) return messages;
  if (auto host = make(messages)) return host;
  return messages;
}

HostTransport::HostTransport(std::unique_ptr<Transport> messages, std::shared_ptr<Region> base)
    : MemoryTransport(messages->rank(), messages->size()),
      messages_(std::move(messages)),
      regions_{std::move(base)} {
  static_assert(sizeof(Control) + sizeof(Announcement) + 64 <= kControlBytes);
  // Zeroed memory is a valid start of both: nothing is constructed, so no rank can come too late.
}

HostTransport::Control& HostTransport::control() const {
  return *std::launder(reinterpret_cast<Control*>(regions_[0]->segments[0].data()));
}

Announcement& HostTransport::announcement(int peer) {
  constexpr size_t kOffset = (sizeof(Control) + 63) / 64 * 64;
  return *std::launder(reinterpret_cast<Announcement*>(regions_[0]->segments[size_t(peer)].data() + kOffset));
}

std::byte* HostTransport::staging(int peer) const {
  return regions_[0]->segments[size_t(peer)].data() + kControlBytes;
}
int64_t HostTransport::staging_bytes() const { return kStagingBytes; }

Exposure HostTransport::expose(const void* buffer, int64_t bytes) const {
  const auto* p = static_cast<const std::byte*>(buffer);
  for (size_t i = 1; i < regions_.size(); ++i) {
    const SharedSegment& own = regions_[i]->segments[size_t(rank())];
    if (p >= own.data() && p + bytes <= own.data() + own.bytes()) return {int64_t(i), p - own.data()};
  }
  return {};
}

std::byte* HostTransport::locate(int peer, const Exposure& buffer) const {
  return regions_[size_t(buffer.region)]->segments[size_t(peer)].data() + buffer.offset;
}

Array HostTransport::shared_buffer(Shape shape, DType dtype) {
  auto region = map_everywhere(*messages_, numel_of(shape) * size_of(dtype));
  if (!region) return Array::zeros(std::move(shape), dtype);
  regions_.push_back(region);
  std::byte* data = region->segments[size_t(rank())].data();
  return Array::borrow(data, std::move(shape), dtype, std::move(region));
}

bool HostTransport::claim_failure() { return control().failure_claimed.exchange(1) == 0; }

}  // namespace genesis::parallel
