#pragma once
// What single kernels and libraries make of a card.
#include "bench/gpu/report.h"

namespace genesis::bench {

/// What the card reaches: bytes read and written a second by a copy, operations a second by a large bf16
/// product.
struct Ceilings {
  double bytes = 0, flops = 0;
};

// `quick`: tiny sizes everywhere, to see that all of it runs.
Ceilings measure_ceilings(Report& report, bool quick);
/// Norms, SwiGLU, RoPE and AdamW as shares of the copy.
void measure_kernels(Report& report, const Ceilings& c, bool quick);
/// Causal attention, d 128, 2048 and 8192 tokens.
void measure_attention(Report& report, bool quick);
/// The products of the 1.8B shape as shares of the large one.
void measure_products(Report& report, const Ceilings& c, bool quick);
/// Memory of head and loss beyond hidden states and weights, 8192 supervised tokens, and their rate.
void measure_head(Report& report, bool quick);

}  // namespace genesis::bench
