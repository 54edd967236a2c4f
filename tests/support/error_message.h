#pragma once
#include <gtest/gtest.h>

#include <string>

#include "kernels/core/error.h"

namespace genesis::testing {

/// Runs fn, which must throw E, and returns the message; a missing or other exception fails the test.
template <class E, class Fn>
std::string message_of(Fn&& fn) {
  try {
    fn();
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << "another exception: " << e.what();
    return {};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace genesis::testing
