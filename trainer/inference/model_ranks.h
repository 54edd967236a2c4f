#pragma once
#include <ostream>
#include <streambuf>
#include <string>

#include "parallel/tensor_parallel.h"
#include "parallel/world.h"

namespace genesis::trainer {

/// The ranks of a job that talk with one model together, which is split over all of them. Rank 0 reads and
/// prints; the others are told what it read, and all of them choose the same tokens. A process that is alone
/// is rank 0 of one.
class ModelRanks {
 public:
  ModelRanks() : nowhere_(&nothing_) {}

  parallel::Communicator& all() { return world_.communicator(); }
  /// How the model is split: every rank has all rows, as generation needs.
  parallel::TensorParallel split() { return {&all(), false}; }
  bool is_first() { return all().rank() == 0; }
  bool are_many() { return all().size() > 1; }

  /// Standard output on rank 0, nowhere on the others.
  std::ostream& out();
  /// What rank 0 has, on every rank. Collective.
  std::string of_first(const std::string& own);
  int64_t of_first(int64_t own);

 private:
  struct Nothing : std::streambuf {
    int_type overflow(int_type c) override { return traits_type::not_eof(c); }
  };
  parallel::World world_;
  Nothing nothing_;
  std::ostream nowhere_;
};

}  // namespace genesis::trainer
