#include "models/generation/kept_text.h"

#include <gtest/gtest.h>

#include "models/generation/generate.h"
#include "models/qwen/model.h"

namespace genesis::models {
namespace {

QwenConfig tiny(QwenFamily family) {
  QwenConfig c;
  c.family = family;
  c.vocab_size = 97;
  c.n_layer = 2;
  c.n_embd = 32;
  c.n_head = 4;
  c.n_kv_head = family == QwenFamily::qwen1 ? 4 : 2;
  c.head_dim = 8;
  c.intermediate_size = 48;
  c.max_seq_len = 256;
  c.seq_length = 24;  // so that a longer prompt has another rotary factor
  c.use_dynamic_ntk = c.use_logn_attn = family == QwenFamily::qwen1;
  c.dropout = 0;
  return c;
}

std::vector<int32_t> ids(int32_t first, int32_t count) {
  std::vector<int32_t> out;
  for (int32_t i = 0; i < count; ++i) out.push_back((first + 7 * i) % 97);
  return out;
}

TEST(KeptText, AConversationGivesTheTokensOfOnePass) {
  for (const QwenFamily family : {QwenFamily::qwen1, QwenFamily::qwen3}) {
    QwenModel model(tiny(family), DType::f32, 5);
    KeptText kept;
    GenerationConfig settings{.max_new_tokens = 4};
    std::vector<int32_t> text = ids(3, 9);
    for (int turn = 0; turn < 5; ++turn) {  // 9, 18, 27, … tokens: past the training length of 24
      const auto alone = generate(model, {text}, settings)[0].tokens;
      EXPECT_EQ(generate(model, text, settings, kept).tokens, alone) << turn;
      const bool new_factor = family == QwenFamily::qwen1 && (turn == 2);
      EXPECT_EQ(kept.reused(), turn == 0 || new_factor ? 0 : int64_t(text.size()) - 6) << turn;
      text.insert(text.end(), alone.begin(), alone.end());  // the last of them is not in the cache
      const auto more = ids(int32_t(10 + turn), 5);
      text.insert(text.end(), more.begin(), more.end());
    }
  }
}

TEST(KeptText, WhatDiffersIsComputedAgain) {
  QwenModel model(tiny(QwenFamily::qwen1), DType::f32, 5);
  KeptText kept;
  const GenerationConfig settings{.max_new_tokens = 3};
  std::vector<int32_t> text = ids(1, 12);
  generate(model, text, settings, kept);
  text[5] = 90;
  const auto alone = generate(model, {text}, settings)[0].tokens;
  EXPECT_EQ(generate(model, text, settings, kept).tokens, alone);
  EXPECT_EQ(kept.reused(), 5);
  // the same prompt again: all but its last token are there
  EXPECT_EQ(generate(model, text, settings, kept).tokens, alone);
  EXPECT_EQ(kept.reused(), 11);
  kept.forget();
  EXPECT_EQ(generate(model, text, settings, kept).tokens, alone);
  EXPECT_EQ(kept.reused(), 0);
}

}  // namespace
}  // namespace genesis::models
