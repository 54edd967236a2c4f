#pragma once
#include "data/samples/dialogue.h"

namespace genesis::data::samples {

/// The user introduces themselves and asks later what they said, also after a change ("I moved to Rome.").
///   The subject is the whole person (name, city, pet).
Dialogue person(Draw& draw, Side side, int turns);

}  // namespace genesis::data::samples
