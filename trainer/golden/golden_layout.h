#pragma once
#include <string>
#include <vector>

#include "parallel/communicator.h"

namespace genesis::trainer {

/// How a reference is computed by several ranks.
struct GoldenLayout {
  int tensor_parallel = 1;
  bool sequence_parallel = true;
  int overlap = 1;  ///< chunks: parallel::RowOverlap
  int zero_stage = 0;
  int accumulation = 1;  ///< micro-batches a rank makes of its rows of a step

  /// From "tensor_parallel_size=2" and the like: also sequence_parallel (true, false), zero_stage (0, 1),
  /// tensor_parallel_overlap, gradient_accumulation_steps. Errors: ConfigError naming an unknown key or a
  /// wrong value.
  static GoldenLayout parse(const std::vector<std::string>& assignments);
};

/// "2 ranks, tensor parallel 2, sequence parallel, ZeRO 1, 3 micro-batches"
std::string describe(const GoldenLayout& layout, int ranks);

}  // namespace genesis::trainer
