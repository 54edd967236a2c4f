#pragma once
#include <algorithm>
#include <chrono>
#include <vector>

namespace genesis::bench {

inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Median seconds of one call: one warm-up, then samples for at least `seconds` and at least 5 of them.
template <class Fn>
double median_seconds(Fn&& fn, double seconds) {
  fn();
  std::vector<double> samples;
  const double start = seconds_now();
  while (samples.size() < 5 || seconds_now() - start < seconds) {
    const double t0 = seconds_now();
    fn();
    samples.push_back(seconds_now() - t0);
  }
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

}  // namespace genesis::bench
