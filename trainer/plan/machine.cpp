#include "trainer/plan/machine.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

// Sustained per core by the matrix products of a Xeon with AMX at 4 threads; one process' own figure is what
// `genesis train` prints.
constexpr double kCoreF32 = 140e9, kCoreBf16 = 700e9, kCoreBytes = 15e9;
constexpr double kHostRing = 13.5e9;  // a shared-memory sum of 4 ranks at 9 GB/s of buffer

Machine this_host(int ranks, int nodes) {
  const int local = std::max(1, (ranks + nodes - 1) / nodes);
  const double cores = std::max(1.0, double(std::thread::hardware_concurrency()) / local);
  Machine m;
  m.name = "cpu";
  m.memory_bytes = double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGE_SIZE)) / local;
  m.f32_flops = kCoreF32 * cores;
  m.bf16_flops = kCoreBf16 * cores;
  m.memory_bytes_per_s = kCoreBytes * cores;
  m.link_bytes_per_s = kHostRing;
  m.link_hop_s = 2e-6;
  m.ranks_per_node = local;
  m.call_s = 10e-6;
  return m;
}

double reserve_of(double card_bytes) { return std::min(kCardReserve, card_bytes / 8); }

Machine gpu(const char* name, double memory, double f32, double bf16, double copy, double link) {
  Machine m;
  m.name = name;
  m.memory_bytes = memory;
  m.reserve_bytes = reserve_of(memory);
  m.f32_flops = f32;
  m.bf16_flops = bf16;
  m.memory_bytes_per_s = 0.87 * copy;
  m.link_bytes_per_s = link;
  m.link_hop_s = 3.4e-6;
  return m;
}

}  // namespace

Machine machine_of(const std::string& name, double nic_gbit, int ranks, int nodes) {
  Machine m;
  if (name == "cpu") {
    m = this_host(ranks, nodes);
  } else if (name == "h100") {
    m = gpu("h100", 78.0 * (1 << 30), 350e12, 670e12, 3.0e12, 370e9);
  } else if (name == "h200") {
    m = gpu("h200", 139.0 * (1 << 30), 350e12, 670e12, 4.3e12, 370e9);
  } else if (name == "a100") {
    m = gpu("a100", 78.0 * (1 << 30), 120e12, 250e12, 1.7e12, 235e9);
  } else {
    throw ConfigError("--gpu {}: known are h100, h200, a100 and cpu", name);
  }
  if (nodes > 1 || name == "cpu") m.ranks_per_node = std::max(1, (ranks + nodes - 1) / nodes);
  // 46 to 48 GB/s of 50 are seen of a 400 Gbit/s card, and a tenth less across a rail of many.
  m.network_bytes_per_s =
      std::min(m.link_bytes_per_s, nic_gbit / 8 * 1e9 * 0.94 * std::min(8, m.ranks_per_node)) * 0.9;
  return m;
}

Machine card_with_memory(double bytes) {
  Machine m = machine_of("h100", 0, 1, 1);
  m.memory_bytes = bytes;
  m.reserve_bytes = reserve_of(bytes);
  return m;
}

}  // namespace genesis::trainer
