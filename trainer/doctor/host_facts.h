#pragma once
#include <string>
#include <utility>
#include <vector>

namespace genesis::trainer {

/// What `genesis doctor` says of one host and one build.
struct HostFacts {
  std::string host;
  std::vector<std::pair<std::string, std::string>> rows;  ///< name, value, in the order they are printed
  std::vector<std::string> problems;                      ///< what is wrong, each with what to do about it

  void add(std::string name, std::string value) { rows.emplace_back(std::move(name), std::move(value)); }
  /// The value of a row; "" where there is none.
  std::string at(const std::string& name) const;
};

/// Facts of this process and its host. `folder`: where a run would write.
HostFacts collect_host_facts(const std::string& folder);

/// As text that fits one message, and back. Errors: none; what cannot be read is left out.
std::string pack(const HostFacts& facts);
HostFacts unpack_host_facts(const std::string& text);

}  // namespace genesis::trainer
