#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernels/core/error.h"
#include "parallel/communicator.h"

namespace genesis::trainer {

/// The error of the lowest rank that has one, on every rank ("rank 2: message" there); nothing when none has.
/// Collective.
std::optional<Error> agree_error(const std::optional<Error>& own, parallel::Communicator& ranks);

/// Rank `root`'s text on every rank. Collective.
std::string broadcast_text(const std::string& text, parallel::Communicator& ranks, int root = 0);

/// Every rank's text, by rank. Collective.
std::vector<std::string> gather_texts(const std::string& text, parallel::Communicator& ranks);

}  // namespace genesis::trainer
