#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "trainer/config/choices.h"

namespace genesis::trainer {

/// What a rank computes on and talks over, for the time model. Figures of GPUs are published or derived
/// ones (docs/plan.md says which), not measurements of this program.
struct Machine {
  std::string name;
  double memory_bytes = 0;        ///< one rank may use
  double reserve_bytes = 0;       ///< of them what a chosen layout leaves free (kCardReserve)
  double f32_flops = 0;           ///< sustained by matrix products, per rank
  double bf16_flops = 0;          ///< the same
  double memory_bytes_per_s = 0;  ///< sustained by elementwise work
  double link_bytes_per_s = 0;    ///< inside a node, one direction of a ring
  double link_hop_s = 0;
  double network_bytes_per_s = 0;  ///< between nodes, per rank
  double network_hop_s = 14e-6;
  double call_s = 8.4e-6;  ///< start of a collective
  int ranks_per_node = 8;

  double flops(Precision p) const { return p == Precision::fp32 ? f32_flops : bf16_flops; }
};

/// What a chosen layout leaves free of a card of 32 GiB or more (an eighth of smaller ones): the driver's
/// context, the kernels' code, buffers of NCCL and memory the pool cannot join again are not in a memory plan
/// (none of them was measured), and a run that ends at step 1000 for want of them has cost more than a few
/// recomputed blocks.
inline constexpr double kCardReserve = 4.0 * (1 << 30);

/// "h100", "h200", "a100" (8 to a node, `nic_gbit` per GPU) or "cpu" (this machine's memory and cores, shared
/// by `ranks`). Errors: ConfigError naming the ones there are.
Machine machine_of(const std::string& name, double nic_gbit, int ranks, int nodes);

/// The card of this run: as fast as an h100, with so much memory.
Machine card_with_memory(double bytes);

}  // namespace genesis::trainer
