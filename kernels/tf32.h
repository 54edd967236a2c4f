#pragma once

namespace genesis::kernels {

/// Lets products of f32 arrays on a card round their factors to TF32 (10 bits behind the point; sums stay in
/// f32), which tensor cores take. Off by default. For the whole process; without effect on the CPU.
void allow_tf32(bool on);

}  // namespace genesis::kernels
