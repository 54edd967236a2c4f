// tokenizer_config.json, added_tokens.json and special_tokens_map.json, with NUL bytes between them.
#include "data/tokenizer/added_tokens.h"

#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(added_tokens) {
  std::string texts[3];
  for (std::string& text : texts) {
    const size_t cut = std::min(input.find('\0'), input.size());
    text = input.substr(0, cut);
    input.remove_prefix(std::min(cut + 1, input.size()));
  }
  (void)genesis::data::parse_added_tokens({texts[0], texts[1], texts[2]}, "fuzz", 8);
}
