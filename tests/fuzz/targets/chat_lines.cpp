// JSON Lines and JSON lists of any format, plain, gzip or Zstandard.
#include "tests/fuzz/chat_file.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(chat_lines) { genesis::fuzz::read_chat_file(input, std::nullopt); }
