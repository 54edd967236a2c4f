// The whole table: embedding_rows.cuh says how. Share of peak: not measured.
#include "kernels/cuda/embedding_rows.cuh"
#include "kernels/embedding.h"

namespace genesis::kernels {

void run_cuda(const EmbeddingForward& o) {
  cuda::look_up_rows(o.kName,
                     {.ids = o.ids, .weight = o.weight, .first = 0, .total = o.weight.dim(0), .y = o.y});
}

void run_cuda(const EmbeddingBackward& o) {
  cuda::bring_rows_together(
      o.kName, {.dy = o.dy, .ids = o.ids, .first = 0, .total = o.dweight.dim(0), .dweight = o.dweight});
}

}  // namespace genesis::kernels
