#pragma once
#include "trainer/doctor/host_facts.h"

namespace genesis::trainer {

/// GPUs, driver and the links between them as nvidia-smi tells them, and whether this build can use them.
void add_gpu_facts(HostFacts& facts);

/// Which files of NVIDIA's libraries this process has loaded: cuBLASLt (loaded here where there is a card),
/// and cuDNN and NCCL if somebody asked them before. Nothing in a build without CUDA.
void add_gpu_libraries(HostFacts& facts);

}  // namespace genesis::trainer
