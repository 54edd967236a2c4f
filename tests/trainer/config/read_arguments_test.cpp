#include "trainer/config/read_arguments.h"

#include "tests/trainer/config/config_text.h"

namespace genesis::trainer {
namespace {

TEST(ReadArguments, EverySpellingOfAnOverride) {
  const auto a =
      read_arguments({"--seed", "7", "sft.yaml", "learning_rate=1e-5", "--max-seq-len=64", "--max_steps",
                      "-1", "--packing", "--profile", "false", "dataset=[a b, c]", "model.n_layer=2"});
  EXPECT_EQ(a.path, "sft.yaml");
  std::vector<std::string> keys;
  for (const auto& e : a.overrides) {
    keys.push_back(e.key + "=" + e.value.shown());
    EXPECT_EQ(e.where, "command line");
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"seed='7'", "learning_rate='1e-5'", "max_seq_len='64'",
                                            "max_steps='-1'", "packing='true'", "profile='false'",
                                            "dataset=[a b, c]", "model.n_layer='2'"}));
}

TEST(ReadArguments, AFlagDoesNotSwallowTheNextWord) {
  const auto a = read_arguments({"--packing", "sft.yaml", "--anomaly", "seed=1"});
  EXPECT_EQ(a.path, "sft.yaml");
  EXPECT_EQ(a.overrides.size(), 3u);
}

TEST(ReadArguments, HelpIsFoundAnywhere) {
  EXPECT_TRUE(read_arguments({"sft.yaml", "--help"}).help);
  EXPECT_TRUE(read_arguments({"sft.yaml", "--help-config"}).help_config);
}

TEST(ReadArguments, WhatIsNotUnderstoodIsNamed) {
  const auto message = [](std::vector<std::string> words) {
    return config_error([&] { read_arguments(words); });
  };
  EXPECT_EQ(message({"a.yaml", "b.yaml"}),
            "command line: 'b.yaml' is not understood: the config is 'a.yaml', and the rest is key=value or "
            "--key value");
  EXPECT_EQ(message({"a.yaml", "--seed"}), "command line: key 'seed' has no value");
  EXPECT_EQ(message({"a.yaml", "--seed", "--packing"}), "command line: key 'seed' has no value");
  EXPECT_EQ(message({"dataset=[a, b"}), "command line: key 'dataset': '[a, b' is not a list such as [a, b]");
}

}  // namespace
}  // namespace genesis::trainer
