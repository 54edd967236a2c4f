// Chat files whose format is given: conversations.
#include "tests/fuzz/chat_file.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(chat_conversations) {
  genesis::fuzz::read_chat_file(input, genesis::data::RecordFormat::conversations);
}
