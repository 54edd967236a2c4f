// Runs under mpirun: `mpi_program collectives` runs its GoogleTest cases on every rank and agrees on the
// outcome; the other words make one rank misbehave, for launch_test.cpp to watch.
#include <gtest/gtest.h>
#include <omp.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "kernels/core/log.h"
#include "parallel/launcher.h"
#include "parallel/mesh.h"
#include "parallel/threads.h"
#include "parallel/world.h"
#include "tests/parallel/collective_cases.h"

namespace genesis::parallel {
namespace {

World* world = nullptr;

TEST(Mpi, RanksOfOneHostShareMemoryUnlessTold) {
  const char* shared = std::getenv("GENESIS_SHARED_MEMORY");
  const Communicator& comm = world->communicator();
  EXPECT_EQ(comm.transport_name(), comm.size() == 1 || shared
                                       ? (comm.size() == 1 && !launcher_info() ? "threads" : "messages")
                                       : "shared memory");
}
TEST(Mpi, CollectivesAreRight) { testing::check_every_collective(world->communicator()); }
TEST(Mpi, MessagesArrive) { testing::check_messages(world->communicator()); }
TEST(Mpi, GroupsOfAMeshWorkSideBySide) {
  Communicator& all = world->communicator();
  const Mesh mesh(all, {.tensor_parallel = all.size() % 2 == 0 ? 2 : 1, .order = {}});
  testing::check_every_collective(mesh.tp());
  testing::check_pending_calls(mesh.dp());
  const Pending busy = mesh.dp().all_reduce_async(Array::zeros({100'000}, DType::f32));
  testing::check_pending_calls(mesh.tp());
  busy.wait();
  EXPECT_EQ(mesh.tp().transport_name(), mesh.tp().size() == 1 ? "threads" : all.transport_name());
}
TEST(Mpi, PendingCallsRunInOrder) { testing::check_pending_calls(world->communicator()); }

int run_tests() {
  World w;
  world = &w;
  const int64_t failed = RUN_ALL_TESTS();
  return w.communicator().all_reduce_value(failed, ReduceOp::max) == 0 ? 0 : 1;
}

int misbehave(const std::string& how) {
  if (how == "throw_before_start") throw ConfigError("key 'learning_rat' is unknown");
  World w;
  Communicator& comm = w.communicator();
  if (how == "threads") {
    const ThreadPlan plan = plan_threads(comm);
    apply(plan);
    std::printf("rank %d threads %d (%s)\n", comm.rank(), omp_get_max_threads(), plan.reason.c_str());
    if (comm.rank() == 0 && !plan.notice.empty()) std::printf("notice: %s\n", plan.notice.c_str());
    return 0;
  }
  comm.barrier();
  if (how == "disagree") testing::check_disagreement_is_named(comm);
  if (how == "disagree") return ::testing::Test::HasFailure() ? 1 : 0;
  if (how == "throw_everywhere") throw DataError("all ranks see this");
  if (comm.rank() == 1) {
    if (how == "throw") throw DataError("train.jsonl:7:3: no assistant turn");
    if (how == "kill") raise(SIGKILL);
    if (how == "throw_while_pending") {
      Array x = Array::zeros({1000}, DType::f32);
      comm.all_reduce_async(x);
      comm.all_reduce_async(x);
      throw NumericsError("the loss is NaN");
    }
  }
  if (how == "throw_while_pending")
    comm.barrier();  // disagrees with nothing rank 1 waits for: never completes
  for (int i = 0; i < 1000; ++i) comm.barrier();
  sleep(30);
  return 0;
}

}  // namespace
}  // namespace genesis::parallel

int main(int argc, char** argv) {
  try {
    ::testing::InitGoogleTest(&argc, argv);
    const std::string word = argc > 1 ? argv[1] : "collectives";
    return word == "collectives" ? genesis::parallel::run_tests() : genesis::parallel::misbehave(word);
  } catch (const std::exception& e) {
    return genesis::parallel::end_all_ranks(e);
  }
}
