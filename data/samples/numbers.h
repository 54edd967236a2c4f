#pragma once
#include "data/samples/dialogue.h"

namespace genesis::data::samples {

/// Questions about a list of two-digit numbers (largest, smallest, sorted, how many) and about single numbers
/// (even or odd, which of two is larger).
///   The subject is the sorted list, so a list that is held out is held out in every order and for every
///   question.
Dialogue numbers(Draw& draw, Side side, int turns);

}  // namespace genesis::data::samples
