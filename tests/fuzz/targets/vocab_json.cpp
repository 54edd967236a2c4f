// vocab.json and merges.txt, with a NUL byte between the two.
#include "data/tokenizer/huggingface_vocabulary.h"
#include "tests/fuzz/target.h"

GENESIS_FUZZ_TARGET(vocab_json) {
  const size_t cut = std::min(input.find('\0'), input.size());
  (void)genesis::data::parse_vocab_json(input.substr(0, cut), "vocab.json",
                                        input.substr(std::min(cut + 1, input.size())), "merges.txt");
}
