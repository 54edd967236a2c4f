#include "trainer/control/pulse_link.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

namespace genesis::trainer {
namespace {

/// The server's address with the loopback in front: a test needs no network.
LinkAddress here(const PulseServer& server) {
  LinkAddress a = server.address();
  std::strcpy(a.numeric[0].data(), "127.0.0.1");
  a.count = 1;
  return a;
}

PulseView pulse(int rank, uint64_t beat) {
  PulseView v;
  v.rank = rank;
  v.beat = beat;
  std::strcpy(v.host.data(), "beta");
  return v;
}

void exchange(PulseServer& server, PulseClient& client, const std::vector<PulseView>& views,
              bool verdict = false) {
  for (int i = 0; i < 20; ++i) {
    client.poll(views);
    server.poll(verdict);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST(PulseLink, CarriesPulsesAndAnswers) {
  PulseServer server;
  PulseClient client(here(server));
  exchange(server, client, {pulse(2, 5), pulse(3, 9)});
  ASSERT_EQ(server.views().size(), 2u);
  EXPECT_EQ(server.views().at(3).beat, 9u);
  EXPECT_EQ(server.views().at(2).host_name(), "beta");
  EXPECT_GT(client.answers(), 0u);
  EXPECT_FALSE(client.verdict());
  exchange(server, client, {pulse(2, 6), pulse(3, 9)});
  EXPECT_EQ(server.views().at(2).beat, 6u);
  exchange(server, client, {pulse(2, 6)}, true);
  EXPECT_TRUE(client.verdict());
}

TEST(PulseLink, SilenceOfTheServerIsNoticed) {
  auto server = std::make_unique<PulseServer>();
  PulseClient client(here(*server));
  exchange(*server, client, {pulse(2, 5)});
  server.reset();
  client.poll(std::vector{pulse(2, 6)});  // takes in what was still on its way
  const uint64_t answers = client.answers();
  for (int i = 0; i < 10; ++i) client.poll(std::vector{pulse(2, 6)});
  EXPECT_EQ(client.answers(), answers);
}

TEST(PulseLink, StrangersAreCutOffAndToldNothing) {
  PulseServer server;
  LinkAddress wrong = here(server);
  wrong.nonce[0] ^= 1;
  PulseClient stranger(wrong);
  exchange(server, stranger, {pulse(2, 5)});
  EXPECT_TRUE(server.views().empty());
  EXPECT_EQ(stranger.answers(), 0u);

  const int s = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(uint16_t(server.address().port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  for (int i = 0; i < 5; ++i) server.poll(false);
  char byte = 0;
  EXPECT_LT(::recv(s, &byte, 1, MSG_DONTWAIT), 0) << "who says nothing hears nothing";
  const std::string noise(100, 'x');
  ASSERT_EQ(::send(s, noise.data(), noise.size(), 0), ssize_t(noise.size()));
  for (int i = 0; i < 20; ++i) {
    server.poll(false);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_LE(::recv(s, &byte, 1, MSG_DONTWAIT), 0);
  ::close(s);
  PulseClient known(here(server));
  exchange(server, known, {pulse(2, 5)});
  EXPECT_EQ(server.views().size(), 1u) << "others are served as before";
}

}  // namespace
}  // namespace genesis::trainer
