#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "autograd/grad_mode.h"
#include "models/qwen/block.h"
#include "tests/support/shared_data.h"

namespace genesis::models {
namespace {

constexpr int64_t kHidden = 32, kHeads = 8, kHeadDim = 4, kWidth = 48, kTokens = 3;

/// Raw little-endian f32 tensors, one behind the other, written by the official Qwen-1 modules.
class RawTensors {
 public:
  explicit RawTensors(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
  }
  Array next(Shape shape) {
    std::vector<float> values(size_t(numel_of(shape)));
    GENESIS_CHECK(at_ + values.size() * 4 <= bytes_.size(), "the file ends early");
    std::copy_n(bytes_.data() + at_, values.size() * 4, reinterpret_cast<char*>(values.data()));
    at_ += values.size() * 4;
    return Array::from(values, std::move(shape));
  }
  bool is_at_end() const { return at_ == bytes_.size(); }

 private:
  std::vector<char> bytes_;
  size_t at_ = 0;
};

QwenConfig module_config() {
  return QwenConfig{.vocab_size = 8,
                    .n_layer = 1,
                    .n_head = kHeads,
                    .n_embd = kHidden,
                    .max_seq_len = 64,
                    .dropout = 0,
                    .intermediate_size = kWidth,
                    .rope_base = 10000}
      .resolved();
}

void fill(const Tensor& parameter, const Array& values) {
  GENESIS_CHECK(parameter.shape() == values.shape(), "a tensor of another shape");
  std::copy_n(values.data<float>(), values.numel(), parameter.value().data<float>());
}

double largest_error(const Tensor& got, const Array& wanted) {
  const auto a = got.tolist(), b = Tensor(wanted).tolist();
  double worst = 0;
  for (size_t i = 0; i < b.size(); ++i) worst = std::max(worst, std::fabs(a.at(i) - b[i]));
  return worst;
}

TEST(OfficialModules, AttentionAndMlpGiveTheirNumbers) {
  const auto folder = testing::shared_path("golden/qwen1_modules");
  if (!folder) {
    std::puts("no golden/qwen1_modules here: the official vectors are not checked");
    return;
  }
  no_grad quiet;
  RawTensors mlp_file(*folder / "qwen7b_mlp.data");
  const Array w1 = mlp_file.next({kWidth, kHidden}), w2 = mlp_file.next({kWidth, kHidden});
  const Array down = mlp_file.next({kHidden, kWidth}), x = mlp_file.next({kTokens, kHidden});
  const Array y = mlp_file.next({kTokens, kHidden});
  ASSERT_TRUE(mlp_file.is_at_end());
  QwenMlp mlp(module_config(), DType::f32);
  fill(Tensor(mlp.gate_up.weight.value().slice(0, 0, kWidth)), w2);  // the branch inside SiLU comes first
  fill(Tensor(mlp.gate_up.weight.value().slice(0, kWidth, 2 * kWidth)), w1);
  fill(mlp.down.weight, down);
  EXPECT_LE(largest_error(mlp(Tensor(x)), y), 5e-9);  // outputs up to 3.7e-3

  RawTensors attention_file(*folder / "qwen7b_attn.data");
  const Array qkv = attention_file.next({3 * kHidden, kHidden}), bias = attention_file.next({3 * kHidden});
  const Array out = attention_file.next({kHidden, kHidden}), in = attention_file.next({kTokens, kHidden});
  const Array wanted = attention_file.next({kTokens, kHidden});
  ASSERT_TRUE(attention_file.is_at_end());
  QwenAttention attention(module_config(), 0, DType::f32);
  fill(attention.qkv.weight, qkv);
  fill(attention.qkv.bias, bias);
  fill(attention.out.weight, out);
  kernels::RopeTable table(kHeadDim, 10000);
  table.ensure(kTokens);
  const ForwardPass pass{
      .batch = TokenBatch::from_texts({{0, 1, 2}}), .table = table, .inference = {}, .tracer = {}};
  EXPECT_LE(largest_error(attention(Tensor(in), pass), wanted), 5e-6);  // outputs up to 6.8
}

}  // namespace
}  // namespace genesis::models
