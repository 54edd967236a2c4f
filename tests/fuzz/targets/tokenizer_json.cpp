// tokenizer.json: refused, or a tokenizer that gives back the bytes it is given.
#include "data/tokenizer/tokenizer_json.h"

#include "data/tokenizer/tokenizer.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(tokenizer_json) {
  using namespace genesis::data;
  auto [vocabulary, specials] = parse_tokenizer_json(input, "fuzz");
  const Tokenizer tokenizer(std::move(vocabulary), std::move(specials));
  constexpr std::string_view kText = "It's 42.\n";
  if (tokenizer.decode(tokenizer.encode(kText)) != kText) __builtin_trap();
}
