#include "trainer/train/device.h"

#include <gtest/gtest.h>

#include <functional>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

TrainConfig asking_for(DeviceChoice choice) {
  TrainConfig c;
  c.device = choice;
  return c;
}

TEST(FindDevice, CpuIsAlwaysThere) { EXPECT_EQ(find_device(asking_for(DeviceChoice::cpu)), Device::cpu); }

TEST(FindDevice, AutoTakesWhatThereIs) {
  EXPECT_EQ(find_device(asking_for(DeviceChoice::automatic)),
            cuda::probe().usable ? Device::cuda : Device::cpu);
  EXPECT_EQ(device_of_word("auto"), cuda::probe().usable ? Device::cuda : Device::cpu);
}

TEST(FindDevice, CudaWithoutACardSaysWhatWasFound) {
  if (cuda::probe().usable) {
    EXPECT_EQ(find_device(asking_for(DeviceChoice::cuda)), Device::cuda);
    return;
  }
  EXPECT_FALSE(cuda::probe().found.empty());
  for (const auto& ask : {std::function<void()>([] { find_device(asking_for(DeviceChoice::cuda)); }),
                          std::function<void()>([] { device_of_word("cuda"); })}) {
    try {
      ask();
      FAIL() << "a card was found where there is none";
    } catch (const ConfigError& e) {
      EXPECT_NE(std::string(e.what()).find(cuda::probe().found), std::string::npos) << e.what();
    }
  }
}

TEST(FindDevice, UnknownWord) { EXPECT_THROW(device_of_word("gpu"), ConfigError); }

}  // namespace
}  // namespace genesis::trainer
