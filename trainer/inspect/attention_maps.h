#pragma once
#include <string>
#include <vector>

#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {

/// The attention of every head on one text, as a page to look at: a square a head, a row of heads a layer,
/// dark where a token (down) looks at another (across). A click enlarges; the tokens under the pointer are
/// named. The page needs nothing beside itself.
///   raw: the text as it is; otherwise as a chat prompt.
/// Errors: DataError when the text is empty or has more than 512 tokens, with both numbers.
std::string attention_page(LoadedModel& model, const std::string& text, bool raw);

}  // namespace genesis::trainer
