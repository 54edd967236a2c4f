#include "trainer/checkpoint/manifest.h"

#include <gtest/gtest.h>

#include <functional>

#include "data/dataset/sha256.h"
#include "tests/support/error_message.h"
#include "trainer/checkpoint/refusal.h"

namespace genesis::trainer {
namespace {

Manifest sample() {
  Manifest m{.run = "ab", .generation = 3, .step = 12, .previous_step = 8, .ranks = 2, .program = "1"};
  m.files = {{"a.safetensors", 100, std::string(64, '0'), 40, 7},
             {"state.json", 5, std::string(64, 'f'), 0, 0}};
  m.tensors = {
      {"w",
       DType::f32,
       {4, 2},
       {{"a.safetensors", "w@0", {{0, 0}, {2, 2}}, 1}, {"a.safetensors", "w@2", {{2, 0}, {2, 2}}, 2}}},
      {"b", DType::bf16, {3}, {{"a.safetensors", "b", {{0}, {3}}, 0xffffffffu}}}};
  return m;
}

/// A manifest whose text was edited and then sealed: what a faulty writer could make.
std::string sealed_with(const std::string& from, const std::string& to) {
  std::string text = write_manifest(sample());
  text.replace(text.find(from), from.size(), to);
  text.resize(text.rfind("\"seal\""));
  data::Sha256 sha;
  sha.add(text);
  return text + "\"seal\": \"" + sha.hex() + "\"}\n";
}

std::string complaint(const std::string& text) {
  return testing::message_of<CheckpointError>([&] { parse_manifest(text, "run/MANIFEST.json"); });
}

#define EXPECT_SAYS(text, what) EXPECT_NE(complaint(text).find(what), std::string::npos) << complaint(text)

TEST(Manifest, SurvivesTheFile) { EXPECT_EQ(parse_manifest(write_manifest(sample()), "m"), sample()); }

TEST(Manifest, EveryFaultIsNamedWithFileAndTensor) {
  EXPECT_SAYS(write_manifest(sample()) + " ", "run/MANIFEST.json: the seal");
  EXPECT_SAYS("", "run/MANIFEST.json: truncated");
  EXPECT_SAYS(sealed_with("\"start\":[2,0]", "\"start\":[1,0]"),
              "tensor 'w': its 2 slices do not tile shape [4, 2]");
  EXPECT_SAYS(sealed_with("\"key\":\"w@2\"", "\"key\":\"w@0\""),
              "tensor 'w': 'w@0' of a.safetensors belongs");
  EXPECT_SAYS(
      sealed_with("\"file\":\"a.safetensors\",\"key\":\"b\"", "\"file\":\"c.safetensors\",\"key\":\"b\""),
      "tensor 'b': its file 'c.safetensors' is not listed");
  EXPECT_SAYS(sealed_with("\"name\":\"state.json\"", "\"name\":\"../state\""), "no plain file name");
  EXPECT_SAYS(sealed_with("\"dtype\":\"BF16\"", "\"dtype\":\"BF17\""), "tensor 'b': dtype 'BF17'");
  EXPECT_SAYS(sealed_with("\"shape\":[3]", "\"shape\":[-3]"), "tensor 'b': 'shape'");
  EXPECT_SAYS(sealed_with("\"shape\":[4,2]", "\"shape\":[4000000000000000000,2]"), "tensor 'w': 'shape'");
  EXPECT_SAYS(sealed_with("\"size\":100", "\"size\":1.5"), "a.safetensors: 'size'");
  EXPECT_SAYS(sealed_with("\"name\":\"b\"", "\"name\":\"w\""), "tensor 'w' is listed twice");
  EXPECT_SAYS(sealed_with("genesis-checkpoint", "another-checkpoint"), "not the manifest");
}

TEST(Manifest, ANewerFormatIsRefusedAsSuch) {
  EXPECT_THROW(parse_manifest(sealed_with("\"version\": 1", "\"version\": 2"), "m"), CheckpointRefused);
  EXPECT_SAYS(sealed_with("\"version\": 1", "\"version\": 2"), "format version 2 is newer than this program");
}

}  // namespace
}  // namespace genesis::trainer
