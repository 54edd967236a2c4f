#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace genesis::trainer {

/// A fault that a test asks for through the environment:
///   GENESIS_FAULT="rank=1 step=3 action=stop"
/// action: stop (SIGSTOP itself), kill (SIGKILL itself), exit (leave with 0), throw, lag (sleep for ever),
/// skip (miss a collective), nan (a NaN in the first gradient), spike (the loss times 1000), flip (a bit of
/// the first parameter), flip_moment (of the last moment). Where: action is carried out at the begin of that
/// step, nan and spike in it, flip after it.
struct Fault {
  int rank = 0;
  int64_t step = 0;
  std::string action;

  /// Nothing when GENESIS_FAULT is not set. Errors: ConfigError for one that cannot be read.
  static std::optional<Fault> from_environment();

  bool is(const char* what, int rank, int64_t step) const;
  /// The actions that befall the whole process.
  void strike(int rank, int64_t step) const;
};

}  // namespace genesis::trainer
