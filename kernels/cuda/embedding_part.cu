// Some rows of a table: embedding_rows.cuh says how. Share of peak: not measured.
#include "kernels/cuda/embedding_rows.cuh"
#include "kernels/embedding_part.h"

namespace genesis::kernels {

void run_cuda(const EmbeddingPartForward& o) { cuda::look_up_rows(o.kName, o); }
void run_cuda(const EmbeddingPartBackward& o) { cuda::bring_rows_together(o.kName, o); }

}  // namespace genesis::kernels
