#pragma once
// What the emulated card found wrong with a kernel, a copy or a launch. A fault is printed when it is found,
// once for each pair of places in the code, and a process that had one ends with kFaultExit, as under
// compute-sanitizer. GENESIS_EMULATION_CHECK=0 looks at nothing.
#include <cstdint>
#include <string>
#include <vector>

namespace genesis::emulation {

enum class FaultKind {
  race,             ///< two threads of a grid, no barrier between them
  stream_order,     ///< two pieces of work, neither of which waits for the other
  outside,          ///< no memory of this kernel: beyond a block, freed, the host's
  misaligned,       ///< an address a card refuses for this width
  uninitialised,    ///< bytes nobody wrote, or that an asynchronous copy has not brought
  synchronisation,  ///< lanes or threads that meet at different places, a lane that is not there
  arithmetic,       ///< overflow, shift or index outside of what C++ allows
  launch            ///< a launch or a call that a card refuses
};
const char* name_of(FaultKind kind);

struct Fault {
  FaultKind kind;
  std::string text;
};

inline constexpr int kFaultExit = 87;

/// Whether accesses are looked at.
bool checking();

/// Notes a fault. `where`, `other`: places in the code that make it the same fault as one before (0: none).
void report(FaultKind kind, uintptr_t where, uintptr_t other, const std::string& text);

/// Whether a FaultCatcher keeps what is found.
bool is_catching();

/// Keeps the faults of its life instead of printing them: for tests of the checker itself.
class FaultCatcher {
 public:
  FaultCatcher();
  ~FaultCatcher();
  FaultCatcher(const FaultCatcher&) = delete;
  FaultCatcher& operator=(const FaultCatcher&) = delete;
  const std::vector<Fault>& faults() const { return faults_; }

 private:
  friend void report(FaultKind, uintptr_t, uintptr_t, const std::string&);
  std::vector<Fault> faults_;
};

}  // namespace genesis::emulation
