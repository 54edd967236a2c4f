#include "models/names/checkpoint_slices.h"

#include <gtest/gtest.h>

#include <map>

#include "models/config/tensor_split.h"
#include "tests/support/error_message.h"

namespace genesis::models {
namespace {

QwenConfig config(QwenFamily family, int64_t kv_heads, bool bias) {
  return {.vocab_size = 11,
          .n_layer = 2,
          .n_head = 4,
          .n_embd = 8,
          .max_seq_len = 16,
          .bias = bias,
          .family = family,
          .n_kv_head = kv_heads,
          .head_dim = 2,
          .intermediate_size = 12,
          .tie_word_embeddings = bias};
}

struct Case {
  QwenConfig config;
  Naming naming;
};
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const bool bias : {false, true}) {
    all.push_back({config(QwenFamily::qwen1, 4, bias), Naming::qwen});
    all.push_back({config(QwenFamily::qwen1, 4, bias), Naming::llama});
    all.push_back({config(QwenFamily::qwen15, 2, bias), Naming::llama});
    all.push_back({config(QwenFamily::qwen3, 1, bias), Naming::llama});
  }
  return all;
}

/// Every element of a parameter in its own number: the local array of a rank, cut from the whole.
std::map<std::string, Array> numbered_parameters(const QwenConfig& config,
                                                 const parallel::TensorSplit& split) {
  std::map<std::string, Array> all;
  for (const ParameterSpec& p : parameter_layout(config, split)) {
    Array a = Array::full(p.shape, -1, DType::f64);
    const int64_t columns = p.shape.size() == 2 ? p.shape[1] : 1,
                  global_columns = p.shape.size() == 2 ? p.shard.global[1] : 1;
    for (const auto& piece : p.shard.pieces)
      for (int64_t r = 0; r < piece.extent[0]; ++r)
        for (int64_t c = 0; c < (p.shape.size() == 2 ? piece.extent[1] : 1); ++c) {
          const int64_t first_column = p.shape.size() == 2 ? piece.start[1] : 0;
          double& element = a.data<double>()[(piece.local[0] + r) * columns + c];
          EXPECT_EQ(element, -1) << p.name << ": pieces overlap";
          element = double((piece.start[0] + r) * global_columns + first_column + c);
        }
    for (int64_t i = 0; i < a.numel(); ++i) EXPECT_GE(a.data<double>()[i], 0) << p.name << ": a hole";
    all.emplace(p.name, a);
  }
  return all;
}

TEST(CheckpointSlices, OwnedSlicesOfAllRanksTileEveryTensorWithItsElements) {
  for (const auto& [c, naming] : cases())
    for (const int size : {1, 2, 4}) {
      std::map<std::string, std::vector<int>> seen;  // tensor -> times each element is owned
      std::map<std::string, CheckpointTensor> tensors;
      for (const auto& t : checkpoint_layout(c, naming)) {
        seen[t.name].assign(size_t(numel_of(t.shape)), 0);
        tensors[t.name] = t;
      }
      for (int rank = 0; rank < size; ++rank) {
        const auto parameters = numbered_parameters(c, {rank, size});
        for (const CheckpointSlice& s : checkpoint_slices(c, naming, {rank, size})) {
          const Array view = local_view(parameters.at(s.parameter), s);
          const bool matrix = s.shape.size() == 2;
          const int64_t columns = matrix ? s.shape[1] : 1;
          for (int64_t r = 0; r < s.extent[0]; ++r)
            for (int64_t k = 0; k < (matrix ? s.extent[1] : 1); ++k) {
              const int64_t element = (s.start[0] + r) * columns + (matrix ? s.start[1] + k : 0);
              const double number = static_cast<const double*>(view.raw())[r * view.strides()[0] + k];
              EXPECT_EQ(number, double(element + tensors[s.name].row_begin * columns)) << s.name;
              seen[s.name][size_t(element)] += s.owned;
            }
        }
      }
      for (const auto& [name, counts] : seen)
        for (const int n : counts) ASSERT_EQ(n, 1) << name << " at tp " << size;
    }
}

TEST(CheckpointSlices, OneRankHoldsWholeTensors) {
  const auto c = config(QwenFamily::qwen15, 2, false);
  const auto slices = checkpoint_slices(c, Naming::llama);
  const auto layout = checkpoint_layout(c, Naming::llama);
  ASSERT_EQ(slices.size(), layout.size());
  for (size_t i = 0; i < slices.size(); ++i) {
    EXPECT_EQ(slices[i].extent, layout[i].shape);
    EXPECT_EQ(slices[i].local[0], layout[i].row_begin);
    EXPECT_TRUE(slices[i].owned);
  }
}

TEST(TensorSplit, WhatDoesNotDivideIsNamed) {
  using genesis::testing::message_of;
  const auto c = config(QwenFamily::qwen15, 2, false);
  EXPECT_NO_THROW(check_tensor_split(c, 4));
  const std::string heads = message_of<ConfigError>([&] { check_tensor_split(c, 3); });
  EXPECT_NE(heads.find("tensor_parallel_size is 3: 4 attention heads cannot be shared out over 3 ranks"),
            std::string::npos)
      << heads;
  EXPECT_NE(heads.find("possible are 1, 2, 4"), std::string::npos) << heads;
  auto narrow = c;
  narrow.intermediate_size = 9;
  EXPECT_NE(message_of<ConfigError>([&] { check_tensor_split(narrow, 2); }).find("a feed-forward width of 9"),
            std::string::npos);
  auto six = c;
  six.n_head = 6, six.n_kv_head = 3;
  EXPECT_NE(message_of<ConfigError>([&] { check_tensor_split(six, 2); }).find("3 KV heads"),
            std::string::npos);
  EXPECT_THROW(parameter_layout(narrow, {0, 2}), ConfigError);
}

}  // namespace
}  // namespace genesis::models
