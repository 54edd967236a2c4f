#pragma once
#include <cstddef>
#include <string>

namespace genesis::emulation {

/// What the emulated card is, and what is wrong with it: words of the environment variable
/// GENESIS_EMULATED_CARD.
///   memory=64M      bytes, or with K, M, G
///   capability=7.5
///   driver=12080    the CUDA version it supports, as the driver tells it
///   held            another process has the card for itself
///   none            a driver and no card
///   illegal=40      the kernel of that number touches an illegal address: whatever waits for it fails
/// Errors: a word it does not know ends the process.
struct CardSettings {
  size_t memory = size_t{64} << 30;
  int major = 9, minor = 0;
  int driver = 13000;
  bool held = false, none = false;
  long illegal = 0;
};
const CardSettings& card_settings();

/// Bytes of device memory that nobody has.
size_t free_card_memory();

/// A kernel has run.
void note_kernel();
/// Whether the one with the illegal address has.
bool card_has_failed();

}  // namespace genesis::emulation
