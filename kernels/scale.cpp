#include "kernels/scale.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void Scale::check() const {
  for (const Array& a : arrays) {
    expect_computed(kName, "array", a);
    expect_contiguous(kName, "array", a);
  }
}

}  // namespace genesis::kernels
