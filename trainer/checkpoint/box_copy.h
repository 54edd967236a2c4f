#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/core/array.h"
#include "trainer/checkpoint/box.h"

namespace genesis::trainer {

/// Contiguous bytes to be copied.
struct CopyRun {
  const std::byte* from;
  std::byte* to;
  int64_t bytes;
};

/// The runs that copy the values of `box` (an array of shape box.extent on the CPU, rows contiguous) to their
/// place in `whole`, a row-major buffer of the elements of `outer`.
void add_copy_runs(std::vector<CopyRun>& runs, const Array& values, const Box& box, std::byte* whole,
                   const Box& outer);

/// Copies with this thread's team, bytes shared out evenly.
void copy_all(const std::vector<CopyRun>& runs);

}  // namespace genesis::trainer
