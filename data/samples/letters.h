#pragma once
#include "data/samples/dialogue.h"

namespace genesis::data::samples {

/// Questions about a code of capital letters: backwards, spelled out, first and last letter, length, how
/// often a letter occurs, contains.
///   The subject is the code with its letters sorted: a held-out code is held out in every order.
Dialogue letters(Draw& draw, Side side, int turns);

}  // namespace genesis::data::samples
