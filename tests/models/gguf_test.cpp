#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "models/gguf/model_file.h"
#include "models/gguf/writer.h"
#include "models/qwen/model.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::models {
namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
T at(const std::string& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

TEST(Gguf, LayoutIsThatOfTheSpecification) {
  const genesis::testing::TempFolder folder;
  GgufKeys keys;
  keys.add("k", uint32_t(7));
  const Array values = Array::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  const int64_t size = write_gguf(folder / "f", keys, {{"t", {2, 3}, DType::f16, [&] { return values; }}});
  const std::string b = bytes_of(folder / "f");
  ASSERT_EQ(int64_t(b.size()), size);
  EXPECT_EQ(b.substr(0, 4), "GGUF");
  EXPECT_EQ(at<uint32_t>(b, 4), 3u);
  EXPECT_EQ(at<uint64_t>(b, 8), 1u);   // tensors
  EXPECT_EQ(at<uint64_t>(b, 16), 1u);  // keys
  EXPECT_EQ(b.substr(24, 9), std::string("\1\0\0\0\0\0\0\0k", 9));
  EXPECT_EQ(at<uint32_t>(b, 33), 4u);  // a u32
  EXPECT_EQ(at<uint32_t>(b, 37), 7u);
  EXPECT_EQ(b.substr(41, 9), std::string("\1\0\0\0\0\0\0\0t", 9));
  EXPECT_EQ(at<uint32_t>(b, 50), 2u);  // dimensions, the fastest first
  EXPECT_EQ(at<uint64_t>(b, 54), 3u);
  EXPECT_EQ(at<uint64_t>(b, 62), 2u);
  EXPECT_EQ(at<uint32_t>(b, 70), 1u);  // f16
  EXPECT_EQ(at<uint64_t>(b, 74), 0u);
  EXPECT_EQ(size, 96 + 32);  // 82 bytes of header and 12 of data, both in steps of 32
  EXPECT_EQ(at<uint16_t>(b, 96), 0x3C00);
  EXPECT_EQ(at<uint16_t>(b, 96 + 10), 0x4600);
}

TEST(Gguf, AValueThatHalfPrecisionCannotHoldIsRefused) {
  const genesis::testing::TempFolder folder;
  const Array values = Array::from(std::vector<float>{70000}, {1});
  EXPECT_NE(genesis::testing::message_of<NumericsError>([&] {
              write_gguf(folder / "f", {}, {{"t", {1}, DType::f16, [&] { return values; }}});
            }).find("'t'"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "f"));
}

TEST(Gguf, EveryFamilyIsWritten) {
  const genesis::testing::TempFolder folder;
  const auto tokenizer = genesis::testing::tiny_tokenizer();
  for (const QwenFamily family : {QwenFamily::qwen1, QwenFamily::qwen15, QwenFamily::qwen3}) {
    QwenConfig c{.vocab_size = 640, .n_layer = 2, .n_head = 2, .n_embd = 16, .max_seq_len = 64, .dropout = 0};
    c.family = family;
    const QwenModel model(c);
    const auto file = folder / std::string(name_of(family));
    const int64_t bytes = write_gguf_model(file, model, model.config(), tokenizer, {.dtype = DType::bf16});
    EXPECT_GT(bytes, 2 * parameter_count(c));
    const std::string text = bytes_of(file);
    for (const char* name : {"token_embd.weight", "output.weight", "blk.1.ffn_gate.weight",
                             "blk.1.attn_norm.weight", "[PAD639]"})
      EXPECT_NE(text.find(name), std::string::npos) << name;
    EXPECT_EQ(text.find("blk.0.attn_qkv.bias") != std::string::npos, family == QwenFamily::qwen1);
    EXPECT_EQ(text.find("blk.0.attn_q_norm.weight") != std::string::npos, family == QwenFamily::qwen3);
  }
}

}  // namespace
}  // namespace genesis::models
