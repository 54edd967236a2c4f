#pragma once
#include "trainer/doctor/host_facts.h"

namespace genesis::trainer {

/// GPUs, driver and the links between them as nvidia-smi tells them, and whether this build can use them.
void add_gpu_facts(HostFacts& facts);

}  // namespace genesis::trainer
