#pragma once
#include "bench/gpu/report.h"
#include "bench/gpu/training_cases.h"

namespace genesis::bench {

struct TrainingWanted {
  Wanted mfu;
  double free_gb = 0;  ///< of the card, while the run holds what it holds
};

/// Whole optimizer steps as `genesis train` makes them (trainer/train/train_step.h): micro-batches from the
/// loader, forward and backward of each, norm, clip, decision and AdamW on the card, one wait a step, numbers
/// read one step late. Steps are repeated for about half a minute, after some micro-batches in which products
/// are tuned.
///   MFU = tokens/s x (6 N_mm + 6 L h s) / peak. Packed documents: of the work that is there (s the length
///   attention sees, the head's share by supervised tokens). peak: operations a second
void measure_training(Report& report, const TrainingCase& of, const TrainingWanted& wanted, double peak);

}  // namespace genesis::bench
