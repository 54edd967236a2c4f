// Chat files whose format is given: messages.
#include "tests/fuzz/chat_file.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(chat_messages) {
  genesis::fuzz::read_chat_file(input, genesis::data::RecordFormat::messages);
}
