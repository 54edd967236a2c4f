#pragma once
#include <span>
#include <string>

#include "kernels/core/profile.h"

namespace genesis::trainer {

/// Where the time of `seconds` of training went, kernel by kernel, longest first, with the share of the whole
/// and what no kernel accounts for.
std::string profile_table(std::span<const ProfileEntry> entries, double seconds);

}  // namespace genesis::trainer
