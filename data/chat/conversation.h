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
  /// What the record says of this turn's loss: false keeps it out, true asks for it, absent leaves it to the
  /// mask rule.
  std::optional<bool> train = std::nullopt;
  float weight = 1;  ///< above 0: of the loss of its tokens, as far as they carry any
  bool operator==(const Turn&) const = default;
};

/// One record of chat data, whatever file format it came from.
struct Conversation {
  std::optional<std::string> system;  ///< absent: the template's default; empty: an empty system block
  std::vector<Turn> turns;            ///< oldest first, roles alternate
  /// Plain text instead of turns: laid down as it is, without any markup.
  std::optional<std::string> document = std::nullopt;
  bool operator==(const Conversation&) const = default;
};

}  // namespace genesis::data
