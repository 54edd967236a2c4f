#pragma once
#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "trainer/control/pulse.h"

namespace genesis::trainer {

/// Where rank 0 listens. Travels as bytes by a broadcast, so that who knows the nonce belongs to the job.
struct LinkAddress {
  static constexpr size_t kAddresses = 8;
  std::array<uint64_t, 2> nonce{};
  int32_t port = 0, count = 0;
  std::array<std::array<char, 48>, kAddresses> numeric{};  ///< of its interfaces, loopback left out
};

/// Rank 0's end of the links that bring the pulses of other hosts. Nothing blocks; poll() does all the work.
/// What does not speak the protocol or know the nonce is cut off.
class PulseServer {
 public:
  PulseServer();  ///< Errors: genesis::Error with the system's reason.
  ~PulseServer();
  PulseServer(const PulseServer&) = delete;
  PulseServer& operator=(const PulseServer&) = delete;

  const LinkAddress& address() const { return address_; }
  /// Takes in what has come and answers everyone; `verdict` tells them that the job is over.
  void poll(bool verdict);
  /// The last pulse heard of each rank, by rank.
  const std::map<int, PulseView>& views() const { return views_; }

 private:
  struct Peer {
    int socket = -1;
    bool known = false;  // has sent the nonce
    std::vector<char> in;
  };
  bool take_in(Peer& peer);

  int listener_ = -1;
  LinkAddress address_;
  std::vector<Peer> peers_;
  std::map<int, PulseView> views_;
};

/// The end of one host: sends its pulses and hears whether rank 0 answers. Nothing blocks.
class PulseClient {
 public:
  explicit PulseClient(const LinkAddress& to) : to_(to) {}
  ~PulseClient() { drop(); }
  PulseClient(const PulseClient&) = delete;
  PulseClient& operator=(const PulseClient&) = delete;

  /// Sends `views` and takes in answers; connects first where there is no connection.
  void poll(std::span<const PulseView> views);
  uint64_t answers() const { return answers_; }  ///< heard so far
  bool verdict() const { return verdict_; }      ///< rank 0 says that the job is over

 private:
  void connect_next();
  void drop();
  void take_in();
  void answer_in_buffer();

  LinkAddress to_;
  int socket_ = -1, next_address_ = 0;
  int polls_ = 0;
  std::vector<char> out_, in_;
  uint64_t answers_ = 0;
  bool verdict_ = false;
};

}  // namespace genesis::trainer
