// tokenizer.json: refused, or a tokenizer that gives back the bytes it is given.
#include "data/tokenizer/tokenizer_json.h"

#include "data/tokenizer/character_table.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/fuzz/target.h"

// The table of all characters is made once in a process; no input pays for it.
[[maybe_unused]] static const auto& kTable = genesis::data::CharacterTable::get();

GENESIS_FUZZ_TARGET(tokenizer_json) {
  using namespace genesis::data;
  auto [vocabulary, specials] = parse_tokenizer_json(input, "fuzz");
  const Tokenizer tokenizer(std::move(vocabulary), std::move(specials));
  constexpr std::string_view kText = "It's 42.\n";
  if (tokenizer.decode(tokenizer.encode(kText)) != kText) __builtin_trap();
}
