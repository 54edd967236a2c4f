#pragma once
#include "trainer/checkpoint/file_layer.h"

namespace genesis::reliability {

/// The system's calls without the wait for the disk: for tests in which the machine does not lose its power.
class QuickFiles : public trainer::FileLayer {
 public:
  int sync(int) override { return 0; }
};

}  // namespace genesis::reliability
