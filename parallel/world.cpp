#include "parallel/world.h"

#include <chrono>
#include <cstdio>
#include <thread>

#include "kernels/core/log.h"
#include "parallel/exit_note.h"
#include "parallel/host_transport.h"
#include "parallel/launcher.h"
#include "parallel/local_group.h"
#include "parallel/mpi_transport.h"
#include "parallel/nccl_transport.h"
#include "parallel/threads.h"

namespace genesis::parallel {
namespace {

/// What end_all_ranks needs when the World itself is already gone.
struct Running {
  bool mpi = false;
  int size = 1;
  Transport* transport = nullptr;
};
Running running;

// How long a rank that failed after another one waits to be ended with it.
constexpr std::chrono::seconds kOthersReport{5};

}  // namespace

World::World() : exceptions_at_start_(std::uncaught_exceptions()) {
  const auto info = launcher_info();
  if (!info) {
    communicator_ = solo_communicator();
    return;
  }
  GENESIS_CHECK(!running.mpi, "a second World in this process");
  set_log_rank(info->rank);
  undo_default_binding();
  start_mpi();
  running.mpi = uses_mpi_ = true;
  auto transport = message_transport();
  running.size = transport->size();
  set_log_rank(transport->size() > 1 ? transport->rank() : -1);
  transport = HostTransport::prefer_over(std::move(transport));
  if (transport->size() > 1) transport = with_nccl(std::move(transport));
  running.transport = transport.get();
  communicator_ = std::make_unique<Communicator>(std::move(transport));
}

World::~World() {
  if (!uses_mpi_) return;
  if (std::uncaught_exceptions() > exceptions_at_start_) {
    // Its thread may wait for ranks that never come: the process is about to end, so it is left as it is.
    static_cast<void>(communicator_.release());
    return;
  }
  communicator_.reset();
  running = {};
  try {
    stop_mpi();
  } catch (const std::exception& e) {
    log_error(e.what());
  }
}

int end_all_ranks(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  const int code = known ? int(known->code()) : int(ExitCode::failure);
  const auto info = launcher_info();
  bool first = true;
  if (running.mpi && running.transport) {
    first = running.transport->claim_failure();
  } else if (info) {
    set_log_rank(info->size > 1 ? info->rank : -1);
    first = info->rank == 0;
  }
  // Another rank is reporting, and the launcher is about to end this one. Should neither come, this rank
  // speaks.
  if (!first) std::this_thread::sleep_for(kOthersReport);
  // Hosts cannot claim against each other: an error that all ranks have is left to rank 0.
  else if (running.mpi && log_rank() > 0 && running.transport->name() == "messages")
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  log_error(fmt::format("error: {}", error.what()));
  std::fflush(nullptr);
  note_exit_code(code);
  if (running.mpi && running.size > 1) {
    try {
      abort_mpi(code);
    } catch (const std::exception& e) {
      log_error(e.what());
    }
  }
  return code;
}

}  // namespace genesis::parallel
