#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace genesis::trainer {

/// Number of single-character edits (insert, delete, replace, swap of neighbours) that make `a` into `b`.
int edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, or "" when none is near enough to be what was meant (a third of its
/// length). Ties go to the earlier candidate.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?", or "" when nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace genesis::trainer
