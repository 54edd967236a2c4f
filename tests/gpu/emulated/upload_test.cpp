#include "kernels/core/cuda/upload.h"

#include "kernels/affine.h"
#include "tests/cuda_emulation/emulator.h"
#include "tests/cuda_emulation/streams.h"
#include "tests/gpu/card_case.h"

namespace genesis::cuda {
namespace {

using namespace genesis::testing;

class EmulatedUpload : public CardTest {};

/// The copy of the next micro-step's inputs is made although no kernel of this one has run.
TEST_F(EmulatedUpload, ArrivesWhileKernelsAreStillToRun) {
  const std::vector<float> first(1000, 1.0F), second(1000, 2.0F);
  {
    const Array warm[] = {upload(first.data(), 4000), upload(first.data(), 4000), upload(first.data(), 4000)};
  }
  synchronize();  // three blocks, and nobody reads them
  const Array x = Array::empty({1000}, DType::f32, Device::cuda);
  Array now = upload(first.data(), 4000);
  kernels::run(kernels::Affine{.x = now.reinterpret(DType::f32), .factor = 1, .offset = 0, .y = x});
  now = {};  // the kernel has not read it yet
  const Array next = upload(second.data(), 4000);
  kernels::run(kernels::Affine{.x = next.reinterpret(DType::f32), .factor = 1, .offset = 0, .y = x});
  const size_t waiting = current_stream()->waiting.size();
  EXPECT_GE(waiting, 2u);
  emulation::drain(upload_stream());
  EXPECT_EQ(current_stream()->waiting.size(), waiting) << "the copy waited for kernels";
  {
    const emulation::DeviceAccess open;
    EXPECT_EQ(static_cast<const float*>(next.raw())[999], 2);
  }
}

/// A kernel that is still to run reads the memory that a new block is made of.
TEST_F(EmulatedUpload, WaitsForWhoHadTheMemoryBefore) {
  const int64_t n = int64_t{1} << 19;  // a block of 2 MB, which nobody uploads otherwise
  const std::vector<float> input(size_t(n), 7.0F);
  const Array y = Array::empty({n}, DType::f32, Device::cuda);
  Array x = on_device(Array::full({n}, 5, DType::f32), Device::cuda);
  synchronize();
  const void* memory = x.raw();
  kernels::run(kernels::Affine{.x = x, .factor = 1, .offset = 0, .y = y});
  x = {};
  const Array there = upload(input.data(), 4 * n);
  ASSERT_EQ(there.raw(), memory) << "the case is not met";
  emulation::drain(upload_stream());
  EXPECT_EQ(values_of(read_back(y))[size_t(n - 1)], 5);
}

}  // namespace
}  // namespace genesis::cuda
