#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/core/error.h"
#include "trainer/config/apply.h"
#include "trainer/config/check.h"
#include "trainer/config/read_arguments.h"
#include "trainer/config/read_yaml.h"

namespace genesis::trainer {

/// The config of a YAML text called "sft.yaml" and overrides, without the file.
inline TrainConfig config_of(const std::string& text, const std::vector<std::string>& words = {},
                             std::vector<std::string>* notices = nullptr) {
  TrainConfig config;
  std::vector<std::string> lines;
  apply_entries(read_yaml(text, "sft.yaml"), Scope::train, config, lines);
  apply_entries(read_arguments(words).overrides, Scope::train, config, lines);
  check_config(config);
  if (notices) *notices = lines;
  return config;
}

/// The message of the ConfigError that `action` throws; a test failure when it throws none.
template <class Action>
std::string config_error(Action&& action) {
  try {
    action();
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.code(), ExitCode::config);
    return e.what();
  }
  ADD_FAILURE() << "no ConfigError was thrown";
  return "";
}

inline std::string error_of(const std::string& text, const std::vector<std::string>& words = {}) {
  return config_error([&] { config_of(text, words); });
}

}  // namespace genesis::trainer
