#include "kernels/core/cuda/graph.h"

#include "kernels/affine.h"
#include "tests/gpu/card_case.h"

namespace genesis::cuda {
namespace {

using namespace genesis::testing;

class CardGraph : public CardTest {};

/// y = 2 (3 x + 1) + 1 through an array that is given back inside.
void chain(const Array& x, const Array& y) {
  const Array middle = Array::empty(x.shape(), x.dtype(), Device::cuda);
  kernels::run(kernels::Affine{.x = x, .factor = 3, .offset = 1, .y = middle});
  kernels::run(kernels::Affine{.x = middle, .factor = 2, .offset = 1, .y = y});
}

TEST_F(CardGraph, RunsAgainWithWhatItsMemoryHolds) {
  const Array x = on_device(Array::full({100}, 1.0, DType::f32), Device::cuda),
              y = Array::zeros({100}, DType::f32, Device::cuda);
  chain(x, y);
  const Graph graph([&] { chain(x, y); });
  const Array other =
      on_device(Array::full({100}, 7.0, DType::f32), Device::cuda);  // would take the place of `middle`
  for (const double value : {2.0, 5.0}) {
    copy_across(Array::full({100}, value, DType::f32), x);
    graph.launch();
    EXPECT_EQ(values_of(read_back(y))[99], 2 * (3 * value + 1) + 1);
  }
  EXPECT_EQ(values_of(read_back(other))[50], 7);
}

TEST_F(CardGraph, GivesItsMemoryBackWithItself) {
  const auto before = memory_stats(Device::cuda).current_total;
  const Array x = Array::zeros({1000}, DType::f32, Device::cuda),
              y = Array::zeros({1000}, DType::f32, Device::cuda);
  const auto with_arrays = memory_stats(Device::cuda).current_total;
  {
    const Graph graph([&] { chain(x, y); });
    EXPECT_EQ(memory_stats(Device::cuda).current_total, with_arrays + 4000);
  }
  EXPECT_EQ(memory_stats(Device::cuda).current_total, with_arrays);
  EXPECT_EQ(with_arrays - before, 8000);
}

TEST_F(CardGraph, RecordingsOfOneOrderShareMemory) {
  const int64_t before = memory_stats(Device::cuda).current_total;
  {
    const auto memory = RecordedMemory::make();
    const Array x = on_device(Array::full({100}, 1.0, DType::f32), Device::cuda),
                y = Array::zeros({100}, DType::f32, Device::cuda),
                z = Array::zeros({100}, DType::f32, Device::cuda);
    Array kept;
    const Graph first(
        [&] {
          chain(x, y);
          kept = Array::empty({100}, DType::f32, Device::cuda);
          chain(y, kept);
        },
        memory);
    const int64_t reserved = memory->bytes();
    EXPECT_GT(reserved, 0);
    EXPECT_TRUE(kept.storage().is_in(*memory));
    EXPECT_EQ(memory_stats(Device::cuda).current_total, before + 1200 + reserved);
    const Graph second([&] { chain(kept, z); }, memory);
    EXPECT_EQ(memory->bytes(), reserved);  // where `chain` has its middle in the first
    for (const double value : {2.0, 5.0}) {
      copy_across(Array::full({100}, value, DType::f32), x);
      first.launch();
      second.launch();
      EXPECT_EQ(values_of(read_back(z))[99], 216 * value + 129);
    }
  }
  EXPECT_EQ(memory_stats(Device::cuda).current_total, before);
}

TEST_F(CardGraph, RefusesWhatCannotBeRepeated) {
  const Array host = Array::zeros({10}, DType::f32), card = Array::zeros({10}, DType::f32, Device::cuda);
  EXPECT_THROW(Graph([&] { copy_across(host, card); }), Error);
  EXPECT_THROW(Graph([&] { copy_across(card, host); }), Error);
  EXPECT_FALSE(is_recording());
  EXPECT_EQ(values_of(read_back(card))[3], 0);  // the stream runs as before
}

}  // namespace
}  // namespace genesis::cuda
