#pragma once
#include "data/samples/dialogue.h"

namespace genesis::data::samples {

/// Questions about a list of different everyday words: backwards, first, last, second, how many, contains,
/// alphabetical order.
///   The subject is the set of words, so a held-out set is held out in every order and for every question.
Dialogue words(Draw& draw, Side side, int turns);

}  // namespace genesis::data::samples
