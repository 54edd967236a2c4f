#pragma once
#include <cstdint>
#include <string>

namespace genesis::trainer {

struct DoctorOptions {
  std::string folder = ".";               ///< where runs write; all hosts must see it
  int64_t most_bytes = int64_t{1} << 26;  ///< of the largest all_reduce
};

/// Prints what machine and build can do. Alone: this process. Under a launcher: every host, with its ranks,
/// clock skew, whether it sees `folder`, the speed of an all_reduce for each size; and what is wrong.
/// Returns the number of problems. Collective over the ranks of the launcher.
int print_doctor(const DoctorOptions& options);

}  // namespace genesis::trainer
