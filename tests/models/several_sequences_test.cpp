#include <gtest/gtest.h>

#include <set>

#include "models/generation/generate.h"
#include "models/qwen/model.h"
#include "tests/support/error_message.h"

namespace genesis::models {
namespace {

class SeveralSequences : public ::testing::Test {
 protected:
  SeveralSequences() {
    settings_.max_new_tokens = 9;
    settings_.do_sample = true;
    settings_.temperature = 1.5;
    settings_.seed = 11;
  }
  std::vector<std::vector<int32_t>> texts(const std::vector<std::vector<int32_t>>& prompts, int64_t each,
                                          int64_t max_batch = 32) {
    settings_.num_return_sequences = each;
    std::vector<std::vector<int32_t>> out;
    for (auto& t : generate(model_, prompts, settings_, {}, max_batch)) out.push_back(std::move(t.tokens));
    return out;
  }

  QwenModel model_{QwenConfig{.vocab_size = 97,
                              .n_layer = 2,
                              .n_head = 4,
                              .n_embd = 32,
                              .max_seq_len = 64,
                              .dropout = 0,
                              .initializer_range = 0.3}};
  GenerationConfig settings_;
};

TEST_F(SeveralSequences, AreTheTextsOfAPromptThatIsGivenSeveralTimes) {
  const std::vector<int32_t> p{3, 14, 15, 92}, q{6, 5};
  const auto repeated = texts({p, p, p, q, q, q}, 1);
  EXPECT_EQ(texts({p, q}, 3), repeated);
  EXPECT_EQ(std::set(repeated.begin(), repeated.end()).size(), 6u);  // each has draws of its own
  EXPECT_EQ(texts({p, q}, 3, 2), repeated);  // texts of one prompt that do not begin together
  EXPECT_EQ(texts({p, q}, 3, 4), repeated);
}

TEST_F(SeveralSequences, TheFirstIsTheOnlyOneOfASingle) {
  const std::vector<int32_t> p{3, 14, 15, 92};
  const auto alone = texts({p}, 1);
  const auto several = texts({p}, 5);
  ASSERT_EQ(several.size(), 5u);
  EXPECT_EQ(several[0], alone[0]);
}

TEST_F(SeveralSequences, EachEndsOnItsOwn) {
  const std::vector<int32_t> p{3, 14, 15, 92};
  const auto whole = texts({p}, 4);
  settings_.stop_ids = {whole[1][2]};
  settings_.num_return_sequences = 4;
  std::vector<int64_t> counted(4, 0);
  const auto stopped = generate(model_, {p}, settings_, [&](int64_t text, int32_t) {
    ++counted[size_t(text)];
    return true;
  });
  EXPECT_TRUE(stopped[1].stopped);
  EXPECT_LE(stopped[1].tokens.size(), 3u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(int64_t(stopped[i].tokens.size()), counted[i]);
    EXPECT_TRUE(std::equal(stopped[i].tokens.begin(), stopped[i].tokens.end(), whole[i].begin()));
  }
}

TEST_F(SeveralSequences, WithoutSamplingTheyAreRefused) {
  settings_.do_sample = false;
  const auto text = genesis::testing::message_of<ConfigError>([&] { texts({{1}}, 2); });
  EXPECT_NE(text.find("'num_return_sequences' is 2"), std::string::npos) << text;
}

}  // namespace
}  // namespace genesis::models
