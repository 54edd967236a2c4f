#pragma once
#include "trainer/golden/golden_layout.h"
#include "trainer/golden/golden_report.h"

namespace genesis::trainer {

/// Everything a reference folder knows, computed on this machine: forward (logits, token losses, hidden
/// states, inner values and attention probabilities of block 0), every gradient, packed documents, the AdamW
/// trajectory with final parameters, greedy generation with its logits, rows beyond the training length.
/// Errors: those of reading the folder; a quantity that is off is a row of the report.
GoldenReport verify_golden(const GoldenCase& reference, GoldenPrecision precision);

/// What of that training needs, by all ranks of `world` laid out as asked: logits, token losses, every
/// gradient, packed documents, the AdamW trajectory with final parameters. Every rank gets the same report.
/// Collective. Errors: as above, and ConfigError for a layout that the ranks or the model do not allow.
GoldenReport verify_split(const GoldenCase& reference, GoldenPrecision precision, const GoldenLayout& layout,
                          parallel::Communicator& world);

// The parts, each adding its rows.
void verify_forward(const GoldenCase& reference, GoldenReport& report);
void verify_gradients(const GoldenCase& reference, GoldenReport& report);
void verify_packed(const GoldenCase& reference, GoldenReport& report);
void verify_trajectory(const GoldenCase& reference, GoldenReport& report);
void verify_generation(const GoldenCase& reference, GoldenReport& report);
void verify_long_rows(const GoldenCase& reference, GoldenReport& report);

}  // namespace genesis::trainer
