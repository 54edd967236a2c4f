#include "parallel/local_group.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>

#include "parallel/local_transport.h"

namespace genesis::parallel {
namespace {

[[noreturn]] void rethrow_naming(int rank, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    throw Error(fmt::format("rank {}: {}", rank, e.what()), e.code());
  } catch (const std::exception& e) {
    throw Error(fmt::format("rank {}: {}", rank, e.what()));
  } catch (...) {
    throw Error(fmt::format("rank {}: an exception of unknown type", rank));
  }
}

bool is_peer_failure(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const PeerFailure&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

void LocalGroup::run(int ranks, const std::function<void(Communicator&)>& fn) {
  run(ranks, fn, [](std::unique_ptr<Transport> own) { return own; });
}

void LocalGroup::run(int ranks, const std::function<void(Communicator&)>& fn, const Wrap& wrap) {
  GENESIS_CHECK(ranks >= 1, "a group of ", ranks, " ranks");
  auto meeting = std::make_shared<LocalMeeting>(ranks);
  const int threads = std::max(1, omp_get_max_threads() / ranks);
  std::mutex mutex;
  std::exception_ptr first;
  int first_rank = -1;
  bool first_is_told = false;

  auto run_rank = [&](int rank) {
    omp_set_num_threads(threads);
    Communicator comm(wrap(std::make_unique<LocalTransport>(meeting, rank)));
    try {
      fn(comm);
    } catch (...) {
      {
        std::lock_guard lock(mutex);
        const bool told = is_peer_failure(std::current_exception());
        if (!first || (first_is_told && !told)) {  // a rank that was told of a failure is not its cause
          first = std::current_exception();
          first_rank = rank;
          first_is_told = told;
        }
      }
      meeting->abandon(rank);
    }
  };
  std::vector<std::thread> others;
  for (int r = 0; r < ranks; ++r) others.emplace_back(run_rank, r);
  for (auto& t : others) t.join();
  if (first) rethrow_naming(first_rank, first);
}

std::unique_ptr<Communicator> solo_communicator(std::string group) {
  return std::make_unique<Communicator>(
      std::make_unique<LocalTransport>(std::make_shared<LocalMeeting>(1), 0), std::move(group));
}

}  // namespace genesis::parallel
