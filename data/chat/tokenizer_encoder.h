#pragma once
#include "data/chat/text_encoder.h"
#include "data/tokenizer/tokenizer.h"

namespace genesis::data {

/// A tokenizer as the chat format wants it. The tokenizer's tables are shared, not copied.
/// Errors: DataError when it lacks `<|im_start|>`, `<|im_end|>` or `<|endoftext|>`.
TextEncoder text_encoder(const Tokenizer& tokenizer);

}  // namespace genesis::data
