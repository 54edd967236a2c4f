#include "kernels/core/memory.h"

#include "tests/gpu/card_case.h"

namespace genesis {
namespace {

using namespace genesis::testing;

class CardMemory : public CardTest {};

TEST_F(CardMemory, ValuesSurviveTheWayThereAndBack) {
  for (const int64_t n : {0, 1, 33, 3 << 20}) {  // the last is longer than a slot of the staging ring
    const Array host = random_array({n}, DType::f32, uint64_t(n));
    expect_identical(on_device(on_device(host, Device::cuda), Device::cpu), host, "round trip");
  }
}

TEST_F(CardMemory, BytesAreCountedByCategory) {
  const auto before = memory_stats(Device::cuda);
  {
    MemoryScope scope(MemoryCategory::optimizer);
    const Array a = Array::empty({1000}, DType::f32, Device::cuda);
    const auto with = memory_stats(Device::cuda);
    EXPECT_EQ(with.current[int(MemoryCategory::optimizer)] - before.current[int(MemoryCategory::optimizer)],
              4000);
    EXPECT_GE(with.reserved, 4000);
  }
  EXPECT_EQ(memory_stats(Device::cuda).current_total, before.current_total);
}

TEST_F(CardMemory, TooMuchSaysWhatWouldHelp) {
  try {
    const Array a = Array::empty({int64_t{1} << 46}, DType::u8, Device::cuda);
    FAIL() << "64 TB fitted";
  } catch (const Error& e) {
    const std::string text = e.what();
    for (const char* word :
         {"out of GPU memory", "activations", "free on the card", "gradient_checkpointing=auto or full"})
      EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
  }
  EXPECT_NO_THROW(Array::empty({1000}, DType::f32, Device::cuda));
}

TEST_F(CardMemory, CopyOfAHostArrayIsMadeOnceUntilItIsWrittenTo) {
  Array ids = Array::from<int32_t>({1, 2, 3, 4}, {4});
  const Array first = card_copy(ids), again = card_copy(ids.slice(0, 1, 3));
  EXPECT_TRUE(first.shares_storage(again));
  EXPECT_EQ(values_of(read_back(again)), (std::vector<double>{2, 3}));
  ids.data<int32_t>()[1] = 9;
  ids.storage().bump_version();
  EXPECT_EQ(values_of(read_back(card_copy(ids)))[1], 9);
}

}  // namespace
}  // namespace genesis
