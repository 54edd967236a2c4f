#include "kernels/embedding_part.h"

#include "kernels/embedding.h"

namespace genesis::kernels {
namespace {

void expect_part(const char* op, const Array& table, int64_t first, int64_t total) {
  GENESIS_CHECK(first >= 0 && first + table.dim(0) <= total, op, ": rows [", first, ", ",
                first + table.dim(0), ") of a table of ", total);
}

}  // namespace

void EmbeddingPartForward::check() const {
  EmbeddingForward{.ids = ids, .weight = weight, .y = y}.check();
  expect_part(kName, weight, first, total);
}

void EmbeddingPartBackward::check() const {
  EmbeddingBackward{.dy = dy, .ids = ids, .dweight = dweight}.check();
  expect_part(kName, dweight, first, total);
}

}  // namespace genesis::kernels
