#pragma once
#include "data/dataset/sample_store.h"
#include "models/qwen/model.h"
#include "parallel/communicator.h"
#include "trainer/train/precision.h"

namespace genesis::trainer {

struct EvalResult {
  double loss = 0;  ///< sum of token losses / their weight: supervised tokens where each weighs 1
  int64_t supervised = 0;
  double perplexity() const;
};

/// Loss over a whole dataset, samples dealt to the ranks in blocks of `rows`; the same numbers on every rank.
EvalResult evaluate(models::QwenModel& model, const data::SampleStore& samples, int64_t rows,
                    const PrecisionPlan& precision, parallel::Communicator& ranks);

}  // namespace genesis::trainer
