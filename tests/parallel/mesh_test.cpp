#include "parallel/mesh.h"

#include <mutex>

#include "parallel/local_group.h"
#include "tests/parallel/collective_cases.h"
#include "tests/support/error_message.h"

namespace genesis::parallel {
namespace {

using genesis::testing::message_of;

/// World ranks of this rank's tp group and dp group, in their order.
std::vector<int64_t> members(Communicator& group, int world_rank) {
  Array all = Array::empty({group.size()}, DType::i64);
  group.all_gather(Array::from<int64_t>({world_rank}, {1}), all);
  return {all.data<int64_t>(), all.data<int64_t>() + group.size()};
}

using Groups = std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>;

Groups groups_of(int ranks, const MeshLayout& layout) {
  Groups found(static_cast<size_t>(ranks));
  LocalGroup::run(ranks, [&](Communicator& world) {
    Mesh mesh(world, layout);
    EXPECT_EQ(mesh.dp().size() * mesh.tp().size(), ranks);
    found[size_t(world.rank())] = {members(mesh.tp(), world.rank()), members(mesh.dp(), world.rank())};
  });
  return found;
}

TEST(Mesh, NeighboursShareACopyOfTheModel) {
  const auto g = groups_of(4, {.tensor_parallel = 2, .order = {}});
  EXPECT_EQ(g, (Groups{{{0, 1}, {0, 2}}, {{0, 1}, {1, 3}}, {{2, 3}, {0, 2}}, {{2, 3}, {1, 3}}}));
}

TEST(Mesh, AnyOrderIsPossible) {
  EXPECT_EQ(groups_of(4, {.tensor_parallel = 2, .order = MeshLayout::parse_order("dp", 4, 2)}),
            (Groups{{{0, 2}, {0, 1}}, {{1, 3}, {0, 1}}, {{0, 2}, {2, 3}}, {{1, 3}, {2, 3}}}));
  EXPECT_EQ(groups_of(4, {.tensor_parallel = 2, .order = MeshLayout::parse_order("3, 1,2,0", 4, 2)}),
            (Groups{{{2, 0}, {1, 0}}, {{3, 1}, {1, 0}}, {{2, 0}, {3, 2}}, {{3, 1}, {3, 2}}}));
}

TEST(Mesh, GroupsOfOneMakeNoCalls) {
  LocalGroup::run(3, [](Communicator& world) {
    const Mesh data(world);
    EXPECT_EQ(&data.dp(), &world);
    EXPECT_EQ(data.tp().size(), 1);
    EXPECT_EQ(world.traffic().calls, 0);
    const Mesh model(world, {.tensor_parallel = 3, .order = {}});
    EXPECT_EQ(model.dp().size(), 1);
    EXPECT_EQ(model.tp().size(), 3);
    EXPECT_EQ(model.tp().group(), "tp");
  });
}

TEST(Mesh, GroupsWorkSideBySide) {
  LocalGroup::run(4, [](Communicator& world) {
    const Mesh mesh(world, {.tensor_parallel = 2, .order = {}});
    genesis::testing::check_every_collective(mesh.tp());
    genesis::testing::check_messages(mesh.dp());
    genesis::testing::check_pending_calls(mesh.dp());
    world.barrier();
  });
}

TEST(Mesh, AFailingRankEndsTheOthersGroups) {
  const std::string message = message_of<Error>([] {
    LocalGroup::run(4, [](Communicator& world) {
      const Mesh mesh(world, {.tensor_parallel = 2, .order = {}});
      world.barrier();
      if (world.rank() == 3) throw DataError("line 7 is bad");
      for (int i = 0; i < 3; ++i) mesh.dp().barrier();  // ranks 0 and 2 get through, rank 1 waits for 3
      mesh.tp().barrier();
      world.barrier();
    });
  });
  EXPECT_EQ(message, "rank 3: line 7 is bad");
}

TEST(Mesh, AFailureWithCallsPendingEndsAll) {
  const std::string message = message_of<Error>([] {
    LocalGroup::run(4, [](Communicator& world) {
      const Mesh mesh(world, {.tensor_parallel = 2, .order = {}});
      const Pending pending = mesh.dp().all_reduce_async(Array::zeros({10}, DType::f32));
      if (world.rank() == 3) throw NumericsError("the loss is NaN");
      mesh.tp().barrier();  // rank 2 waits for rank 3, rank 1 for rank 3's sum
      pending.wait();
      mesh.dp().barrier();
    });
  });
  EXPECT_EQ(message, "rank 3: the loss is NaN");
}

TEST(Mesh, IllegalLayoutsAreRefused) {
  auto refusal = [](int ranks, MeshLayout layout) {
    return message_of<Error>(
        [&] { LocalGroup::run(ranks, [&](Communicator& world) { Mesh mesh(world, layout); }); });
  };
  EXPECT_NE(refusal(4, {.tensor_parallel = 3, .order = {}}).find("tensor_parallel_size is 3: 4 ranks"),
            std::string::npos);
  EXPECT_NE(refusal(2, {.tensor_parallel = 1, .order = {0, 0}}).find("names rank 0 twice"),
            std::string::npos);
  EXPECT_NE(refusal(2, {.tensor_parallel = 1, .order = {0, 2}}).find("names rank 2"), std::string::npos);
  EXPECT_NE(refusal(2, {.tensor_parallel = 1, .order = {0}}).find("names 1 ranks, the job has 2"),
            std::string::npos);
  EXPECT_THROW(MeshLayout::parse_order("0;1", 2, 1), ConfigError);
  EXPECT_THROW(MeshLayout::parse_order("0,,1", 2, 1), ConfigError);
}

}  // namespace
}  // namespace genesis::parallel
