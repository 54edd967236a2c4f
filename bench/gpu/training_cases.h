#pragma once
// Samples of whole training steps, made from nothing but their place: no tokenizer and no file.
#include <string>

#include "data/packing/sample_rows.h"
#include "data/sampler/sample_order.h"
#include "models/config/qwen_config.h"
#include "trainer/config/train_config.h"

namespace genesis::bench {

/// A training run whose steps are measured.
struct TrainingCase {
  std::string shape;      ///< as shape_of (checks.h)
  int64_t length = 2048;  ///< tokens of a row
  int64_t step_tokens = 131072;
  bool masters = true;     ///< bf16-mixed with f32 masters; otherwise bf16-true, 8 bytes a parameter
  bool documents = false;  ///< rows packed of documents as fine-tuning has them; otherwise one document a
                           ///< row, all of it with loss
  int64_t rows = 0;   ///< of a micro-batch; 0: what `genesis plan` finds fastest among what fits the card
  bool tiny = false;  ///< sizes for a trial run

  models::QwenConfig model() const;
  /// The keys a user would write, with the micro-batch settled for a card of `card_bytes`.
  trainer::TrainConfig config(double card_bytes) const;
};

/// Enough samples for `steps` steps, in rows. Documents: lengths exponential with mean 400 (40 to a row),
/// loss on their last 60 %.
class TrainingSamples {
 public:
  TrainingSamples(const TrainingCase& of, int64_t steps);
  const data::SampleStore& store() const { return store_; }
  const data::SampleRows& rows() const { return rows_; }
  const data::SampleOrder& order() const { return order_; }
  /// sum of length^2 / sum of length: the length attention sees on average.
  double attended_length() const { return attended_; }

 private:
  data::MemoryStore store_;
  double attended_ = 0;
  data::SampleRows rows_;
  data::SampleOrder order_;
};

}  // namespace genesis::bench
