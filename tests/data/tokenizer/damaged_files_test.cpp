// Damaged tokenizer files: each is read or refused with a DataError, and nothing else happens.
#include <gtest/gtest.h>

#include <sstream>

#include "data/tokenizer/huggingface_vocabulary.h"
#include "data/tokenizer/jsonl.h"
#include "data/tokenizer/text_file.h"
#include "data/tokenizer/tiktoken_file.h"
#include "data/tokenizer/tokenizer_json.h"
#include "kernels/core/error.h"
#include "tests/support/random_text.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"
#include "tests/support/tokenizer_json.h"

namespace genesis::data {
namespace {

constexpr int kRounds = 400;

/// The bytes with one to three changes: a byte, a cut, a repeat or a number.
std::string damaged(std::string bytes, genesis::testing::RandomText& random) {
  for (size_t n = 1 + random.below(3); n > 0 && !bytes.empty(); --n) {
    const size_t at = random.below(bytes.size()),
                 length = random.below(std::min<size_t>(40, bytes.size() - at) + 1);
    switch (random.below(5)) {
      case 0:
        bytes[at] = random.bytes(1)[0];
        break;
      case 1:
        bytes.erase(at, length);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 3:
        bytes.insert(at, "99999999999");
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

/// Reads kRounds damaged copies; at least one must be refused, or the damage is no test.
template <class Read>
void expect_read_or_refused(const std::string& good, Read&& read) {
  genesis::testing::RandomText random(11);
  int refused = 0;
  for (int i = 0; i < kRounds; ++i) try {
      read(damaged(good, random));
    } catch (const DataError& error) {
      EXPECT_LT(std::string(error.what()).size(), 1000u);
      ++refused;
    }
  EXPECT_GT(refused, kRounds / 4);
}

class DamagedFiles : public ::testing::Test {
 protected:
  DamagedFiles() : tokenizer_(genesis::testing::tiny_tokenizer()) {
    write_vocab_json(tokenizer_.vocabulary(), folder_ / "vocab.json", folder_ / "merges.txt");
    vocab_ = read_text_file(folder_ / "vocab.json");
    merges_ = read_text_file(folder_ / "merges.txt");
  }

  genesis::testing::TempFolder folder_;
  Tokenizer tokenizer_;
  std::string vocab_, merges_;
};

TEST_F(DamagedFiles, Tiktoken) {
  write_tiktoken(tokenizer_.vocabulary(), folder_ / "v");
  expect_read_or_refused(read_text_file(folder_ / "v"),
                         [](const std::string& text) { parse_tiktoken(text, "v"); });
}

TEST_F(DamagedFiles, VocabJson) {
  expect_read_or_refused(vocab_, [&](const std::string& text) {
    folder_.write("vocab.json", text);
    read_vocab_json(folder_ / "vocab.json", folder_ / "merges.txt");
  });
}

TEST_F(DamagedFiles, MergesTxt) {
  expect_read_or_refused(merges_, [&](const std::string& text) {
    folder_.write("merges.txt", text);
    read_vocab_json(folder_ / "vocab.json", folder_ / "merges.txt");
  });
}

TEST_F(DamagedFiles, TokenizerJson) {
  const auto file = genesis::testing::tokenizer_json(tokenizer_.vocabulary(), true);
  expect_read_or_refused(file.dump(), [&](const std::string& text) {
    folder_.write("tokenizer.json", text);
    read_tokenizer_json(folder_ / "tokenizer.json");
  });
}

TEST_F(DamagedFiles, JsonLines) {
  const auto encode = [&](const std::string& lines) {
    std::istringstream in(lines);
    std::ostringstream out;
    encode_jsonl(tokenizer_, in, out, {}, "in");
  };
  expect_read_or_refused("{\"text\": \"\\ud83d\\ude00 caf\u00e9\", \"n\": [1, 2.5, null]}\n", encode);
}

TEST_F(DamagedFiles, DeepNesting) {
  const std::string deep = std::string(1000000, '[') + std::string(1000000, ']');
  folder_.write("tokenizer.json", "{\"normalizer\": " + deep + "}");
  EXPECT_THROW(read_tokenizer_json(folder_ / "tokenizer.json"), DataError);
  folder_.write("vocab.json", deep);
  EXPECT_THROW(read_vocab_json(folder_ / "vocab.json", folder_ / "merges.txt"), DataError);
  std::istringstream in("{\"ids\": " + deep + "}");
  std::ostringstream out;
  EXPECT_THROW(decode_jsonl(tokenizer_, in, out, {}, "in"), DataError);
}

}  // namespace
}  // namespace genesis::data
