// Text of any bytes through a tokenizer: what is decoded is the text, repaired and in NFC.
#include "data/tokenizer/nfc.h"
#include "data/tokenizer/utf8.h"
#include "tests/fuzz/target.h"
#include "tests/support/tiny_tokenizer.h"

GENESIS_FUZZ_TARGET(encode_text) {
  using namespace genesis::data;
  static const Tokenizer tokenizer = genesis::testing::tiny_tokenizer();
  const std::string valid = replace_invalid_utf8(input);
  std::string buffer;
  const std::string wanted(normalize_nfc(valid, buffer));
  for (const auto specials : {SpecialForms::plain, SpecialForms::parse})
    if (tokenizer.decode(tokenizer.encode(input, {specials})) != wanted) __builtin_trap();
}
