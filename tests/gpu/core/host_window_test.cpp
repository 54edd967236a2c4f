#include "kernels/core/cuda/host_window.h"

#include "kernels/affine.h"
#include "tests/gpu/card_case.h"

namespace genesis::cuda {
namespace {

using namespace genesis::testing;

class CardWindow : public CardTest {};

/// Three passes over five arrays with no wait in between: each finds what the one before wrote.
TEST_F(CardWindow, EachPassFindsWhatTheOneBeforeWrote) {
  std::vector<HostWindow::Group> groups;
  for (int i = 0; i < 5; ++i)
    groups.push_back({pinned_zeros({1000 + i}, DType::f32), pinned_zeros({7}, DType::bf16)});
  HostWindow window(8192);
  for (int pass = 0; pass < 3; ++pass)
    window.pass(groups, [&](size_t i, const HostWindow::Group& on_card) {
      for (const Array& a : on_card)
        kernels::run(kernels::Affine{.x = a, .factor = 2, .offset = double(i + 1), .y = a});
    });
  window.wait();
  for (size_t i = 0; i < groups.size(); ++i)
    for (const Array& a : groups[i])
      for (const double x : values_of(a)) EXPECT_EQ(x, 7.0 * double(i + 1)) << i;
}

/// A kernel that is still to run reads the memory that the slots are made of.
TEST_F(CardWindow, WaitsForWhoHadItsMemoryBefore) {
  const int64_t n = int64_t{1} << 19;
  const Array y = Array::empty({n}, DType::f32, Device::cuda);
  Array x = on_device(Array::full({n}, 5, DType::f32), Device::cuda);
  synchronize();
  kernels::run(kernels::Affine{.x = x, .factor = 1, .offset = 0, .y = y});
  x = {};
  HostWindow window(4 * n);
  window.pass({{pinned_zeros({n}, DType::f32)}}, [](size_t, const HostWindow::Group&) {});
  window.wait();
  EXPECT_EQ(values_of(read_back(y))[size_t(n - 1)], 5);
}

TEST_F(CardWindow, RefusesAGroupThatIsTooLarge) {
  HostWindow window(1024);
  EXPECT_THROW(window.pass({{pinned_zeros({300}, DType::f32)}}, [](size_t, const HostWindow::Group&) {}),
               Error);
}

}  // namespace
}  // namespace genesis::cuda
