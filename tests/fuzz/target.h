#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::fuzz {

/// One reader under fuzzing.
///   run(input) reads hostile bytes. It may throw genesis::Error, which is how every reader refuses; any
///   other exception, crash, hang or growth beyond the input + 256 MB is a finding.
struct Target {
  std::string name;  ///< also of its folder under corpus/
  std::function<void(std::string_view input)> run;
};

/// Every target linked into this program.
std::vector<Target>& targets();

/// Runs a target on one input; genesis::Error is its way to say no.
void run_once(const Target& target, std::string_view input);

struct Registration {
  Registration(const char* name, void (*run)(std::string_view)) { targets().push_back({name, run}); }
};

/// GENESIS_FUZZ_TARGET(safetensors) { parse_safetensors_header(input, ...); }   `input`: std::string_view
#define GENESIS_FUZZ_TARGET(name)                                         \
  static void fuzz_##name(std::string_view input);                        \
  static const ::genesis::fuzz::Registration kTarget{#name, fuzz_##name}; \
  static void fuzz_##name([[maybe_unused]] std::string_view input)

}  // namespace genesis::fuzz
