// Chat files whose format is given: text.
#include "tests/fuzz/chat_file.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(chat_text) { genesis::fuzz::read_chat_file(input, genesis::data::RecordFormat::text); }
