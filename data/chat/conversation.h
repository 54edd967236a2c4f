#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::data {

/// Who speaks. A system text belongs to the whole conversation and is no turn.
enum class Role : uint8_t { user, assistant };

constexpr std::string_view name_of(Role role) { return role == Role::user ? "user" : "assistant"; }

struct Turn {
  Role role = Role::user;
  std::string text;
  bool operator==(const Turn&) const = default;
};

/// One record of chat data, whatever file format it came from.
struct Conversation {
  std::optional<std::string> system;  ///< absent: the template's default; empty: an empty system block
  std::vector<Turn> turns;            ///< oldest first, roles alternate
  bool operator==(const Conversation&) const = default;
};

}  // namespace genesis::data
