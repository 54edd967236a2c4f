#include <gtest/gtest.h>

#include "data/chat/chat_format.h"
#include "data/dataset/sft_dataset.h"
#include "tests/support/byte_encoder.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::data {
namespace {

using testing::byte_text;

class MaskRules : public ::testing::Test {
 protected:
  ChatFormat chat_{testing::byte_encoder(), chat_template("qwen3")};
  std::string mask(const Conversation& talk, LossOn rule, bool parse = false) const {
    return byte_text(chat_.training_tokens(talk, rule, parse).labels);
  }
  // <user\nQ>\n is 9 tokens, <assistant\nA>\n 14.
  const Conversation two_{
      std::nullopt, {{Role::user, "Q"}, {Role::assistant, "A"}, {Role::user, "R"}, {Role::assistant, "B"}}};
};

TEST_F(MaskRules, EachRuleIsTheOneItSays) {
  EXPECT_EQ(mask(two_, LossOn::assistant),
            "....................A>..........."
            "..........B>.");
  EXPECT_EQ(mask(two_, LossOn::last_turn),
            "................................."
            "..........B>.");
  EXPECT_EQ(mask(two_, LossOn::all), "<user\nQ>\n<assistant\nA>\n<user\nR>\n<assistant\nB>\n");
  EXPECT_EQ(mask(two_, LossOn::qwen1), "<......>\n<..........A>\n<......>\n<..........B>\n");
}

TEST_F(MaskRules, ATurnMaySpeakForItself) {
  Conversation talk = two_;
  talk.turns[1].train = false;
  EXPECT_EQ(mask(talk, LossOn::assistant),
            "................................."
            "..........B>.");
  EXPECT_EQ(mask(talk, LossOn::all), "<user\nQ>\n..............<user\nR>\n<assistant\nB>\n");
  EXPECT_EQ(mask(talk, LossOn::qwen1), "<......>\n..............<......>\n<..........B>\n");
  talk.turns[0].train = true;
  EXPECT_EQ(mask(talk, LossOn::last_turn),
            "......Q>........................."
            "..........B>.");
  talk.turns[3].train = false;
  EXPECT_EQ(mask(talk, LossOn::last_turn),
            "......Q>........................."
            ".............");
}

TEST_F(MaskRules, TheEndOfEveryTrainedAnswerIsSupervisedAndEndOfDocumentIsNoPad) {
  for (const LossOn rule : {LossOn::assistant, LossOn::all, LossOn::qwen1, LossOn::last_turn})
    for (const bool parse : {false, true}) {
      const auto tokens = chat_.training_tokens(
          {std::nullopt, {{Role::user, "Q"}, {Role::assistant, "<|endoftext|>"}}}, rule, parse);
      const size_t end = tokens.ids.size() - 2;
      EXPECT_EQ(tokens.labels[end], testing::kByteImEnd);
      EXPECT_NE(tokens.labels[end - 1], kIgnoredLabel) << "content that is the pad token by its id";
    }
}

TEST_F(MaskRules, SpecialFormsInContentsAreTextUnlessAskedFor) {
  const Conversation talk{std::nullopt, {{Role::user, "<|im_end|>"}, {Role::assistant, "A"}}};
  const auto count = [&](LossOn rule, bool parse) {
    const auto ids = chat_.training_tokens(talk, rule, parse).ids;
    return std::count(ids.begin(), ids.end(), testing::kByteImEnd);
  };
  EXPECT_EQ(count(LossOn::assistant, false), 2);
  EXPECT_EQ(count(LossOn::assistant, true), 3);
  EXPECT_EQ(count(LossOn::qwen1, false), 3) << "the official recipe parses them";
}

TEST_F(MaskRules, ADocumentIsItsTextAndItsEnd) {
  Conversation talk;
  talk.document = "ab<|im_end|>";
  EXPECT_EQ(mask(talk, LossOn::assistant), "ab<|im_end|>$");
  EXPECT_EQ(mask(talk, LossOn::assistant, true), "ab>$");
}

TEST_F(MaskRules, TurnEndsSayWhereEachTurnStops) {
  EXPECT_EQ(chat_.training_tokens(two_, LossOn::all).turn_ends, (std::vector<int32_t>{9, 23, 32, 46}));
  const ChatFormat qwen(testing::byte_encoder(), chat_template("qwen"));
  Conversation leading{"", {{Role::assistant, "A"}, {Role::user, "Q"}, {Role::assistant, "B"}}};
  EXPECT_EQ(qwen.training_tokens(leading, LossOn::all).turn_ends, (std::vector<int32_t>{10, 19, 33}));
}

class TruncationRules : public ::testing::Test {
 protected:
  SftDataset load(int64_t max_seq_len, Truncation truncation, LossOn rule = LossOn::assistant) {
    const std::filesystem::path files[] = {folder_.write("d.jsonl",
                                                         R"({"messages": [)"
                                                         R"({"role": "user", "content": "Q"},)"
                                                         R"({"role": "assistant", "content": "A"},)"
                                                         R"({"role": "user", "content": "R"},)"
                                                         R"({"role": "assistant", "content": "BCD"}]})"
                                                         "\n"
                                                         R"({"messages": [)"
                                                         R"({"role": "user", "content": "Q"},)"
                                                         R"({"role": "assistant", "content": "A"}]})")};
    SftOptions options;
    options.max_seq_len = max_seq_len;
    options.truncation = truncation;
    options.loss_on = rule;
    return SftDataset::load(files, ChatFormat(testing::byte_encoder(), chat_template("qwen3")), options);
  }
  static std::string text(const SftDataset& set, int64_t i, bool labels = false) {
    const SampleView view = set.samples().sample(i);
    std::vector<int32_t> ids;
    for (size_t t = 0; t < view.ids.size(); ++t) ids.push_back(labels ? view.label(t) : view.ids[t]);
    return byte_text(ids);
  }
  testing::TempFolder folder_;
};

TEST_F(TruncationRules, KeepWhatTheySay) {
  EXPECT_EQ(text(load(40, Truncation::right), 0), "<user\nQ>\n<assistant\nA>\n<user\nR>\n<assista");
  EXPECT_EQ(text(load(40, Truncation::turn), 0), "<user\nQ>\n<assistant\nA>\n");
  EXPECT_EQ(load(40, Truncation::turn).summary().tokens_cut, 48 - 23);
  EXPECT_EQ(load(40, Truncation::drop).samples().size(), 1);
  EXPECT_EQ(load(48, Truncation::error).samples().size(), 2);
  EXPECT_NE(testing::message_of<DataError>([&] {
              load(47, Truncation::error);
            }).find("d.jsonl:1:1: the record has 48 tokens, max_seq_len is 47 (truncation: error)"),
            std::string::npos);
}

TEST_F(TruncationRules, ACutConversationHasItsOwnLastTurn) {
  EXPECT_EQ(text(load(40, Truncation::turn, LossOn::last_turn), 0, true), "....................A>.");
  EXPECT_EQ(load(40, Truncation::right, LossOn::last_turn).summary().dropped_unsupervised, 1);
}

}  // namespace
}  // namespace genesis::data
