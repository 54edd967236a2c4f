#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "trainer/progress/progress.h"

namespace genesis::trainer {

/// "tokenising  45 %  [#####------]  12.3 MB/s  3.4M tok/s  ETA 12s": a line for work whose size in bytes is
/// known.
///   On a terminal it is drawn over itself a few times a second; elsewhere a line every 10 s.
class ByteProgress {
 public:
  ByteProgress(ProgressOutput output, std::string what, int64_t total_bytes);
  ~ByteProgress();
  ByteProgress(const ByteProgress&) = delete;
  ByteProgress& operator=(const ByteProgress&) = delete;

  void update(int64_t bytes, int64_t tokens);
  double seconds() const;

 private:
  ProgressOutput output_;
  std::string what_;
  int64_t total_bytes_;
  std::chrono::steady_clock::time_point begin_;
  double shown_at_ = 0;
  bool drawn_ = false;
};

}  // namespace genesis::trainer
