// Damaged dataset files: whatever bytes change, the reader answers with records or a DataError that names a
// place, and it accepts no list that a JSON parser refuses.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/formats/conversation_reader.h"
#include "kernels/core/rng.h"
#include "tests/support/temp_folder.h"

namespace genesis::data {
namespace {

struct Random {
  uint64_t next = 0;
  uint32_t below(size_t n) { return philox(2024, 0, next++)[0] % uint32_t(n); }
};

std::string damage(std::string text, Random& random) {
  constexpr std::string_view pieces[] = {
      "\"",       "\\",   "{",    "}", "[",   "]",     ",",    ":", "\n",
      "\xFF",     "\xC3", "null", "-", "1e9", "\\u12", "true", " ", std::string_view("\0", 1),
      "\"from\"", "é"};
  for (uint32_t edits = 1 + random.below(3); edits > 0; --edits) {
    const size_t at = random.below(text.size() + 1);
    const size_t cut = std::min<size_t>(random.below(4), text.size() - at);
    text.replace(at, cut, random.below(4) == 0 ? "" : pieces[random.below(std::size(pieces))]);
  }
  return text;
}

TEST(DamagedDataset, IsReadOrRefusedByNameAndNeverTakenForGood) {
  const std::string turns =
      R"({"conversations": [{"from": "user", "value": "é\n"}, {"from": "assistant", "value": "\u00e9"}], "n": -1.5})";
  const std::string list = "[" + turns + ",\n" + turns + "]\n", lines = turns + "\n" + turns + "\n";
  testing::TempFolder folder;
  Random random;
  int refused = 0, read = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = damage(i % 2 ? list : lines, random);
    const auto path = folder.write("d.json", text);
    try {
      ConversationReader reader(path);
      while (reader.next()) {
      }
      ++read;
      const size_t first = text.find_first_not_of(" \n\t\r");
      ASSERT_TRUE(text[first] != '[' || nlohmann::json::accept(text)) << text;
    } catch (const DataError& error) {
      ++refused;
      ASSERT_TRUE(std::string_view(error.what()).starts_with(path.string() + ":")) << error.what();
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 2000);
}

}  // namespace
}  // namespace genesis::data
