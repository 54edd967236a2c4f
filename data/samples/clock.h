#pragma once
#include "data/samples/dialogue.h"

namespace genesis::data::samples {

/// What time it is some hours later or earlier on a 24-hour clock, each turn going on from the last answer.
///   Keys: "later|hh:mm,h", "earlier|hh:mm,h"; the key is also the subject.
Dialogue clock(Draw& draw, Side side, int turns);

}  // namespace genesis::data::samples
