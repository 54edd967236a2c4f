// qwen.tiktoken.
#include "data/tokenizer/tiktoken_file.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(tiktoken) { (void)genesis::data::parse_tiktoken(input, "fuzz"); }
