// Chat files whose format is given: prompt_completion.
#include "tests/fuzz/chat_file.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(chat_prompt_completion) {
  genesis::fuzz::read_chat_file(input, genesis::data::RecordFormat::prompt_completion);
}
