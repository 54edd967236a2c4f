#include "trainer/config/read_yaml.h"

#include "tests/trainer/config/config_text.h"

namespace genesis::trainer {
namespace {

TEST(ReadYaml, KeepsOrderPlacesQuotesAndDuplicates) {
  const auto e = read_yaml("# comment\na: 1\nb: \"1\"\na: ~\nc: [x, 2]\nd:\n  e: {f: g}\n", "x.yaml");
  ASSERT_EQ(e.size(), 5u);
  EXPECT_EQ(e[0].key, "a");
  EXPECT_EQ(e[0].where, "x.yaml:2");
  EXPECT_EQ(e[0].value, (Value{Value::Kind::plain, "1", {}}));
  EXPECT_EQ(e[1].value, (Value{Value::Kind::quoted, "1", {}}));
  EXPECT_EQ(e[2].key, "a");
  EXPECT_EQ(e[2].value, Value{});
  EXPECT_EQ(e[3].value, (Value{Value::Kind::list, "", {"x", "2"}}));
  EXPECT_EQ(e[4].key, "d.e.f");
  EXPECT_EQ(e[4].where, "x.yaml:7");
}

TEST(ReadYaml, AnEmptyTextHasNoEntries) {
  EXPECT_TRUE(read_yaml("", "x").empty());
  EXPECT_TRUE(read_yaml("# nothing\n---\n", "x").empty());
}

TEST(ReadYaml, WhatIsNotAConfigIsNamedByLine) {
  const auto message = [](const std::string& text) {
    return config_error([&] { read_yaml(text, "x.yaml"); });
  };
  EXPECT_EQ(message("a: 1\nb: [1, 2\n").rfind("x.yaml:", 0), 0u);
  EXPECT_NE(message("a: 1\n\tb: 2\n").find("not YAML"), std::string::npos);
  EXPECT_EQ(message("- a\n- b\n"), "x.yaml:1: a config is a map of `key: value`");
  EXPECT_EQ(message("just words"), "x.yaml:1: a config is a map of `key: value`");
  EXPECT_EQ(message("a: 1\n---\nb: 2\n"), "x.yaml:3: a second YAML document; a config is one");
  EXPECT_EQ(message("a: [[1]]"), "x.yaml:1: key 'a': an item of the list is not a word or number");
  EXPECT_EQ(message("a: [{b: 1}, c]"), "x.yaml:1: key 'a' mixes maps and words in one list");
  EXPECT_EQ(message("a: [{b: [1]}]"), "x.yaml:1: key 'a': only `word: word` is understood inside its list");
  EXPECT_EQ(message("? [a, b]\n: c"), "x.yaml:1: a key must be a word");
}

TEST(ReadYaml, AnchorsCannotRunAway) {
  EXPECT_NE(config_error([] { read_yaml("a: &x\n  b: *x\n", "x.yaml"); }).find("x.yaml:"), std::string::npos);
  std::string bomb = "a0: &a0 {x: 1, y: 1}\n";
  for (int i = 1; i < 30; ++i) {
    const std::string n = std::to_string(i), m = std::to_string(i - 1);
    bomb += "a" + n + ": &a" + n + " {x: *a" + m + ", y: *a" + m + ", z: *a" + m + ", w: *a" + m + "}\n";
  }
  EXPECT_NE(config_error([&] { read_yaml(bomb, "x.yaml"); }).find("x.yaml:"), std::string::npos);
  EXPECT_NE(config_error([] { read_yaml(std::string(100000, '['), "x.yaml"); }).find("x.yaml:"),
            std::string::npos);
}

TEST(ReadYaml, AFileThatCannotBeReadIsNamed) {
  EXPECT_EQ(config_error([] { read_yaml_file("/no/such.yaml"); }),
            "/no/such.yaml: cannot read the config: No such file or directory");
  EXPECT_EQ(config_error([] { read_yaml_file("/tmp"); }), "/tmp: is a folder, not a config file");
  EXPECT_EQ(config_error([] { read_yaml_file("/dev/zero"); }),
            "/dev/zero: more than 4 MiB, which no config is");
}

}  // namespace
}  // namespace genesis::trainer
