#pragma once
#include "data/chat/chat_format.h"
#include "data/tokenizer/tokenizer.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// The chat format a run trains with: key `template`, or with `auto` the template that the tokenizer's or the
/// model's folder brings (data::read_chat_template), else the one its family was trained with; without a
/// model (data alone are prepared) that of Qwen-1. So training and `genesis chat` speak alike. Errors:
/// ConfigError, DataError naming file and key.
data::ChatFormat training_chat(const TrainConfig& config, const data::Tokenizer& tokenizer);

}  // namespace genesis::trainer
