#pragma once
#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace genesis {

/// What a failure means to whoever started the program: the process ends with this number.
enum class ExitCode : int {
  done = 0,
  failure = 1,
  config = 64,
  data = 65,
  corrupt_checkpoint = 66,
  numerics = 70,
  disk = 73,
  hang = 74,
  preempted = 75,
};

/// Base of everything Genesis throws. The message names file, line, key, tensor or rank.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::failure)
      : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// A broken promise of our own code, never the user's mistake.
class InvariantError : public Error {
 public:
  using Error::Error;
};

/// A card has no room for what was asked of it.
class OutOfCardMemory : public Error {
 public:
  using Error::Error;
};

namespace detail {
template <ExitCode kCode>
class CodedError : public Error {
 public:
  explicit CodedError(const std::string& message) : Error(message, kCode) {}
  template <class... A>
  explicit CodedError(fmt::format_string<A...> format, A&&... args) requires(sizeof...(A) > 0)
      : Error(fmt::format(format, std::forward<A>(args)...), kCode) {}
};
}  // namespace detail

/// One type for each cause a user can act on; each takes a fmt format string and its arguments.
using ConfigError = detail::CodedError<ExitCode::config>;
using DataError = detail::CodedError<ExitCode::data>;
using CheckpointError = detail::CodedError<ExitCode::corrupt_checkpoint>;
using NumericsError = detail::CodedError<ExitCode::numerics>;
using DiskError = detail::CodedError<ExitCode::disk>;
using HangError = detail::CodedError<ExitCode::hang>;

}  // namespace genesis
