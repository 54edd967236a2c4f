#include "parallel/agreement.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <set>

#include "parallel/local_group.h"

namespace genesis::parallel {
namespace {

TEST(Digest, EveryByteAndTheLengthCount) {
  std::vector<uint8_t> bytes(100, 0);
  std::set<uint64_t> seen;
  for (int64_t n = 0; n <= 100; ++n) seen.insert(digest_bytes(bytes.data(), n));
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = uint8_t(1 << bit);
      seen.insert(digest_bytes(bytes.data(), 100));
      bytes[i] = 0;
    }
  }
  EXPECT_EQ(seen.size(), 101u + 800u);
}

TEST(Digest, DoesNotDependOnThreads) {
  std::vector<uint8_t> bytes(5'000'001);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = uint8_t(i * 31 + i / 1000);
  omp_set_num_threads(1);
  const uint64_t one = digest_bytes(bytes.data(), int64_t(bytes.size()));
  omp_set_num_threads(3);
  EXPECT_EQ(digest_bytes(bytes.data(), int64_t(bytes.size())), one);
}

std::string message_of(int ranks, const std::function<void(Communicator&)>& fn) {
  try {
    LocalGroup::run(ranks, fn);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Agreement, NamesTheItemAndTheRankThatDiffer) {
  EXPECT_EQ(message_of(3,
                       [](Communicator& comm) {
                         require_same_everywhere(comm, {{"vocabulary", 7}, {"config", 8}});
                       }),
            "");
  const std::string text = message_of(3, [](Communicator& comm) {
    require_same_everywhere(comm, {{"vocabulary", 7}, {"config", comm.rank() == 2 ? 9u : 8u}});
  });
  EXPECT_NE(text.find("config is not the same on all ranks: rank 0 has digest 0000000000000008, rank 2 has "
                      "0000000000000009"),
            std::string::npos)
      << text;
}

TEST(Agreement, NamesTheParameterThatDiffers) {
  const std::string text = message_of(2, [](Communicator& comm) {
    Tensor a(Array::zeros({100}, DType::f32)), b(Array::zeros({100}, DType::f32));
    if (comm.rank() == 1) b.value().data<float>()[50] = 1e-30f;
    require_same_parameters(comm, {{"a", a}, {"layers.3.b", b}});
  });
  EXPECT_NE(text.find("parameter layers.3.b is not the same on all ranks"), std::string::npos) << text;
}

TEST(Agreement, CountsMustAgree) {
  const std::string text = message_of(2, [](Communicator& comm) {
    std::vector<NamedDigest> items(size_t(1 + comm.rank()), {"x", 1});
    require_same_everywhere(comm, items);
  });
  EXPECT_NE(text.find("ranks compare 1 to 2 items"), std::string::npos) << text;
}

TEST(Agreement, AnyRank) {
  LocalGroup::run(3, [](Communicator& comm) {
    EXPECT_TRUE(any_rank(comm, comm.rank() == 1));
    EXPECT_FALSE(any_rank(comm, false));
  });
}

}  // namespace
}  // namespace genesis::parallel
