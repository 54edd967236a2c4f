#pragma once
#include <array>
#include <vector>

#include "autograd/tensor.h"
#include "kernels/core/cuda/read_back.h"
#include "parallel/data_parallel.h"
#include "parallel/mesh.h"

namespace genesis::trainer {

/// The end of an optimizer step on a card, without the host: loss and norm are summed there, the update is
/// decided there (kernels/update_decision.h), and the host reads what became of it when it likes. At most two
/// steps are under way.
///   Every rank comes to the same decision, since all see the same sums.
class CardStepEnd {
 public:
  struct Options {
    double max_grad_norm = 1.0;
    bool scaled = false;  ///< gradients carry a loss scale
    bool hold = false;    ///< after a step whose numbers were bad no other is made
  };
  CardStepEnd(parallel::DataParallel& gradients, const parallel::Mesh& ranks, const Options& options);

  struct Sums {
    std::vector<Tensor> losses;  ///< of micro-batches, one element each
    double loss_factor = 1;      ///< of their sum
    double weight = 1;           ///< the sum is divided by it
    double unscale = 1;          ///< of the gradients
  };
  /// What AdamW is to do with the gradients that are there (AdamW::step). Collective; waits for nothing.
  Array decide(const Sums& sums);

  struct Seen {
    double loss = 0, grad_norm = 0;
    bool made = false;            ///< the update
    std::vector<double> squares;  ///< DataParallel::gradient_squares
  };
  /// Of the oldest decision that was not read: waits until the card has made it.
  Seen read();

 private:
  parallel::DataParallel& gradients_;
  const parallel::Mesh& ranks_;
  Options options_;
  int64_t parameters_;
  Array report_;  // f64 [kFields + parameters] {the decision, squares} on the card
  std::array<cuda::ReadBack, 2> read_;
  int64_t decided_ = 0, seen_ = 0;
};

}  // namespace genesis::trainer
