#include "kernels/random_fill.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void RandomFill::check() const {
  expect_computed(kName, "y", y);
  expect_contiguous(kName, "y", y);
}

}  // namespace genesis::kernels
