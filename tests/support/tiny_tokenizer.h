#pragma once
#include <string>
#include <vector>

#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/train_bpe.h"

namespace genesis::testing {

/// A few sentences in English and Chinese, and code.
inline std::vector<std::string> tiny_corpus() {
  return {
      "The quick brown fox jumps over the lazy dog. The dog doesn't mind; it's asleep, and the fox is gone.",
      "What is the sum of 12 and 30? The sum of 12 and 30 is 42. What is the sum of 7 and 8? It is 15.",
      "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u4f60\u597d\u5417\uff1f\u6211\u5f88\u597d\uff0c\u8c22\u8c22\u4f60"
      "\u3002\u4e16\u754c\u5f88\u5927\u3002",
      "for (int i = 0; i < n; ++i) {\n    sum += values[i];\n}\nreturn sum / n;\n",
      "caf\u00e9 na\u00efve r\u00e9sum\u00e9 caf\u00e9 na\u00efve r\u00e9sum\u00e9"};
}

/// A tokenizer trained on that corpus: 384 ordinary tokens at most, Qwen-1's special tokens after them.
inline genesis::data::Tokenizer tiny_tokenizer(
    genesis::data::TokenizerFamily family = genesis::data::TokenizerFamily::qwen1) {
  auto vocabulary = genesis::data::train_bpe(tiny_corpus(), {.vocab_size = 384});
  genesis::data::SpecialTokens specials(family, vocabulary.size());
  return {std::move(vocabulary), std::move(specials)};
}

}  // namespace genesis::testing
