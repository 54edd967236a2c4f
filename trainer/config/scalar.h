#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace genesis::trainer {

/// Strict readers of one scalar: the whole text is the value, or there is none.
/// true/false/yes/no/on/off in lower, upper or title case.
std::optional<bool> parse_boolean(std::string_view text);
/// Decimal digits with an optional sign; nothing that does not fit int64.
std::optional<int64_t> parse_integer(std::string_view text);
/// A finite decimal number, with or without exponent (1e-5 and 1.0e-5 alike).
std::optional<double> parse_real(std::string_view text);

/// The shortest text that parse_real reads back to the same bits; whole numbers keep no point.
std::string write_real(double value);
/// `text` as a YAML scalar that reads back as the same string: plain where that is safe, quoted otherwise.
std::string write_text(std::string_view text);

}  // namespace genesis::trainer
