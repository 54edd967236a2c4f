#include "trainer/doctor/group_checks.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

namespace genesis::trainer {
namespace {

double now(bool of_the_day) {
  const auto since = of_the_day
                         ? std::chrono::system_clock::now().time_since_epoch()
                         : std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch());
  return std::chrono::duration<double>(since).count();
}

}  // namespace

std::vector<HostFacts> gather_facts(const HostFacts& own, parallel::Communicator& ranks) {
  const std::string text = pack(own);
  const int64_t room = ranks.all_reduce_value(int64_t(text.size()), parallel::ReduceOp::max);
  Array mine = Array::zeros({room}, DType::u8), all = Array::zeros({ranks.size(), room}, DType::u8);
  std::memcpy(mine.raw(), text.data(), text.size());
  ranks.all_gather(mine, all);
  std::vector<HostFacts> facts;
  for (int r = 0; r < ranks.size(); ++r) {
    const char* row = static_cast<const char*>(all.raw()) + r * room;
    facts.push_back(unpack_host_facts(std::string(row, strnlen(row, size_t(room)))));
  }
  return facts;
}

std::vector<double> clock_skews(parallel::Communicator& ranks) {
  constexpr int kRounds = 8;
  Array skews = Array::zeros({ranks.size()}, DType::f64), time = Array::zeros({1}, DType::f64);
  for (int other = 1; other < ranks.size(); ++other) {
    double best_trip = 1e9;
    for (int round = 0; round < kRounds; ++round) {
      if (ranks.rank() == 0) {
        const double begin = now(true), begin_steady = now(false);
        ranks.send(time, other);
        ranks.recv(time, other);
        const double trip = now(false) - begin_steady;
        if (trip >= best_trip) continue;
        best_trip = trip;
        skews.data<double>()[other] = *time.data<double>() - (begin + trip / 2);
      } else if (ranks.rank() == other) {
        ranks.recv(time, 0);
        *time.data<double>() = now(true);
        ranks.send(time, 0);
      }
    }
  }
  ranks.broadcast(skews, 0);
  return {skews.data<double>(), skews.data<double>() + ranks.size()};
}

std::vector<int> ranks_blind_to(const std::string& folder, parallel::Communicator& ranks,
                                std::string& reason) {
  std::random_device random;
  Array word = Array::from<int64_t>({int64_t(random())}, {1});
  ranks.broadcast(word, 0);
  const std::string text = fmt::format("{}", *word.data<int64_t>());
  const std::filesystem::path file = std::filesystem::path(folder) / (".genesis-doctor-" + text);
  int64_t written = 1;
  if (ranks.rank() == 0) {
    std::ofstream out(file);
    out << text;
    out.close();
    written = out.good();
    if (!written) reason = fmt::format("{}: {}", folder, std::strerror(errno));
  }
  written = ranks.all_reduce_value(written, parallel::ReduceOp::min);
  std::string found;
  std::ifstream in(file);
  in >> found;
  Array own = Array::from<int64_t>({written && found == text}, {1}),
        all = Array::zeros({ranks.size()}, DType::i64);
  ranks.all_gather(own, all);
  if (ranks.rank() == 0) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
  std::vector<int> blind;
  for (int r = 0; r < ranks.size(); ++r)
    if (!all.data<int64_t>()[r]) blind.push_back(r);
  return blind;
}

std::vector<BandwidthPoint> measure_all_reduce(parallel::Communicator& ranks, int64_t most) {
  std::vector<BandwidthPoint> points;
  for (int64_t bytes = 1 << 10; bytes <= most; bytes *= 8) {
    const Array x = ranks.shared_buffer({bytes / 4}, DType::f32);
    const int calls = bytes > (1 << 22) ? 5 : 15;
    std::vector<double> seconds;
    for (int i = 0; i < calls + 2; ++i) {
      ranks.barrier();
      const double begin = now(false);
      ranks.all_reduce(x);
      if (i >= 2) seconds.push_back(now(false) - begin);
    }
    std::sort(seconds.begin(), seconds.end());
    points.push_back({bytes, ranks.all_reduce_value(seconds[seconds.size() / 2], parallel::ReduceOp::max)});
  }
  return points;
}

}  // namespace genesis::trainer
