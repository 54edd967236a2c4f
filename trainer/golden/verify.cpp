#include "trainer/golden/verify.h"

#include "autograd/autocast.h"

namespace genesis::trainer {

GoldenReport verify_golden(const GoldenCase& reference, GoldenPrecision precision) {
  GoldenReport report(reference, precision);
  const autocast cast(DType::bf16, precision == GoldenPrecision::bf16);
  verify_forward(reference, report);
  verify_gradients(reference, report);
  verify_packed(reference, report);
  verify_trajectory(reference, report);
  verify_generation(reference, report);
  verify_long_rows(reference, report);
  return report;
}

}  // namespace genesis::trainer
