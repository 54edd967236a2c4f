#pragma once
#include "trainer/golden/golden_report.h"

namespace genesis::trainer {

/// Everything a reference folder knows, computed on this machine: forward (logits, token losses, hidden
/// states, inner values and attention probabilities of block 0), every gradient, packed documents, the AdamW
/// trajectory with final parameters, greedy generation with its logits, rows beyond the training length.
/// Errors: those of reading the folder; a quantity that is off is a row of the report.
GoldenReport verify_golden(const GoldenCase& reference, GoldenPrecision precision);

// The parts, each adding its rows.
void verify_forward(const GoldenCase& reference, GoldenReport& report);
void verify_gradients(const GoldenCase& reference, GoldenReport& report);
void verify_packed(const GoldenCase& reference, GoldenReport& report);
void verify_trajectory(const GoldenCase& reference, GoldenReport& report);
void verify_generation(const GoldenCase& reference, GoldenReport& report);
void verify_long_rows(const GoldenCase& reference, GoldenReport& report);

}  // namespace genesis::trainer
