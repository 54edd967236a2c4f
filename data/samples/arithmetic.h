#pragma once
#include "data/samples/dialogue.h"

namespace genesis::data::samples {

/// Sums and differences of numbers from 1 to 99, some continuing from the last result ("And plus 7?").
///   Keys: "add|a,b" with a <= b, "subtract|a,b" with a >= b; the key is also the subject.
Dialogue arithmetic(Draw& draw, Side side, int turns);

}  // namespace genesis::data::samples
