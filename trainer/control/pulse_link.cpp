#include "trainer/control/pulse_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <type_traits>

#include "kernels/core/check.h"

namespace genesis::trainer {
namespace {

static_assert(std::is_trivially_copyable_v<PulseView> && std::is_trivially_copyable_v<LinkAddress>);

constexpr uint32_t kMostViews = 512;
constexpr size_t kMostWaiting = size_t{1} << 20;  // bytes of a peer that have not become frames
constexpr int kPollsPerAttempt = 8;               // a connection gets this long before the next address

/// Ahead of `count` PulseViews (client) or of nothing (server).
struct Header {
  std::array<uint64_t, 2> nonce{};
  uint32_t count = 0, verdict = 0;
};

/// Appends what the socket holds. False when the other side is gone.
bool receive(int socket, std::vector<char>& into) {
  char buffer[16384];
  while (into.size() < kMostWaiting) {
    const ssize_t n = ::recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0) into.insert(into.end(), buffer, buffer + n);
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  }
  return false;
}

void list_interfaces(LinkAddress& address) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return;
  for (const ifaddrs* i = all; i && address.count < int(LinkAddress::kAddresses); i = i->ifa_next) {
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP) ||
        (i->ifa_flags & IFF_LOOPBACK))
      continue;
    const auto* in = reinterpret_cast<const sockaddr_in*>(i->ifa_addr);
    if (::inet_ntop(AF_INET, &in->sin_addr, address.numeric[size_t(address.count)].data(), 48))
      ++address.count;
  }
  ::freeifaddrs(all);
}

}  // namespace

PulseServer::PulseServer() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof any;
  const bool good = listener_ >= 0 && ::bind(listener_, reinterpret_cast<sockaddr*>(&any), size) == 0 &&
                    ::listen(listener_, 128) == 0 &&
                    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&any), &size) == 0;
  GENESIS_CHECK(good, "watchdog: cannot listen for other hosts: ", std::strerror(errno));
  address_.port = ntohs(any.sin_port);
  std::random_device random;
  for (uint64_t& word : address_.nonce) word = (uint64_t(random()) << 32) | random();
  list_interfaces(address_);
}

PulseServer::~PulseServer() {
  for (const Peer& peer : peers_) ::close(peer.socket);
  if (listener_ >= 0) ::close(listener_);
}

void PulseServer::poll(bool verdict) {
  for (int s; (s = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
    peers_.push_back({s, false, {}});
  const Header answer{address_.nonce, 0, verdict};
  std::erase_if(peers_, [&](Peer& peer) {
    const bool alive = receive(peer.socket, peer.in);
    if (!take_in(peer) || !alive) {
      ::close(peer.socket);
      return true;
    }
    // A full socket means that nobody reads there; the next answer says the same.
    // Who has not proved that it knows the nonce is not told it.
    if (peer.known) ::send(peer.socket, &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL);
    return false;
  });
}

bool PulseServer::take_in(Peer& peer) {
  size_t at = 0;
  Header header;
  while (peer.in.size() - at >= sizeof header) {
    std::memcpy(&header, peer.in.data() + at, sizeof header);
    if (header.nonce != address_.nonce || header.count > kMostViews) return false;
    const size_t bytes = sizeof header + header.count * sizeof(PulseView);
    if (peer.in.size() - at < bytes) break;
    for (uint32_t i = 0; i < header.count; ++i) {
      PulseView view;
      std::memcpy(&view, peer.in.data() + at + sizeof header + i * sizeof view, sizeof view);
      view.host.back() = '\0';
      view.call.group.back() = '\0';
      if (view.phase > Phase::gone || view.call.call.collective > parallel::Collective::recv) return false;
      if (view.beat > 0) views_[view.rank] = view;
    }
    peer.known = true;
    at += bytes;
  }
  peer.in.erase(peer.in.begin(), peer.in.begin() + std::ptrdiff_t(at));
  return true;
}

void PulseClient::drop() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  out_.clear();
  in_.clear();
}

void PulseClient::connect_next() {
  if (to_.count <= 0) return;
  const size_t which = size_t(next_address_++ % std::min(to_.count, int(LinkAddress::kAddresses)));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(uint16_t(to_.port));
  if (::inet_pton(AF_INET, to_.numeric[which].data(), &address.sin_addr) != 1) return;
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return;
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
    drop();
  polls_ = 0;
}

void PulseClient::poll(std::span<const PulseView> views) {
  if (socket_ < 0) connect_next();
  if (socket_ < 0) return;
  if (out_.empty()) {  // otherwise the last one is still on its way
    const Header header{to_.nonce, uint32_t(std::min<size_t>(views.size(), kMostViews)), 0};
    out_.resize(sizeof header + header.count * sizeof(PulseView));
    std::memcpy(out_.data(), &header, sizeof header);
    std::memcpy(out_.data() + sizeof header, views.data(), header.count * sizeof(PulseView));
  }
  const ssize_t n = ::send(socket_, out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) out_.erase(out_.begin(), out_.begin() + n);
  if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return drop();
  take_in();
  // An address that leads nowhere neither refuses nor answers.
  if (answers_ == 0 && ++polls_ > kPollsPerAttempt) drop();
}

void PulseClient::take_in() {
  if (!receive(socket_, in_)) {
    // The verdict may be the last thing it said.
    answer_in_buffer();
    return drop();
  }
  answer_in_buffer();
}

void PulseClient::answer_in_buffer() {
  Header header;
  size_t at = 0;
  for (; in_.size() - at >= sizeof header; at += sizeof header) {
    std::memcpy(&header, in_.data() + at, sizeof header);
    if (header.nonce != to_.nonce) break;
    ++answers_;
    verdict_ = verdict_ || header.verdict != 0;
  }
  in_.erase(in_.begin(), in_.begin() + std::ptrdiff_t(at));
}

}  // namespace genesis::trainer
