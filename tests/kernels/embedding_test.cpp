#include "kernels/embedding.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(Embedding, PicksAndAddsRows) {
  for (DType t : kComputeTypes) {
    for (const auto& [count, width] :
         std::vector<std::pair<int64_t, int64_t>>{{0, 3}, {1, 1}, {31, 32}, {500, 33}, {100, 600}}) {
      const int64_t rows = 17;
      Array weight = random_array({rows, width}, t, 1), ids = random_ids({count}, rows, 2),
            y = Array::empty({count, width}, t);
      run(EmbeddingForward{.ids = ids, .weight = weight, .y = y});
      const auto w = values_of(weight), id = values_of(ids);
      std::vector<double> want;
      for (double v : id)
        for (int64_t h = 0; h < width; ++h) want.push_back(w[size_t(int64_t(v) * width + h)]);
      expect_close(y, want, 0, "rows");

      Array dy = random_array({count, width}, t, 3);
      for (DType dt : {t == DType::f64 ? t : DType::f32, t}) {
        Array dweight = random_array({rows, width}, dt, 4);
        auto sums = values_of(dweight);
        const auto g = values_of(dy);
        for (size_t i = 0; i < g.size(); ++i)
          sums[size_t(int64_t(id[i / size_t(width)]) * width) + i % size_t(width)] += g[i];
        run(EmbeddingBackward{.dy = dy, .ids = ids, .dweight = dweight});
        expect_close(dweight, sums, dt == DType::bf16 ? Tolerance::sum(dt) : Tolerance::column_sum(dt),
                     "dweight");
      }
    }
  }
}

TEST(Embedding, LowersAnF32TableToBf16) {
  Array weight = random_array({5, 40}, DType::f32, 1), ids = random_ids({2, 3}, 5, 2),
        y = Array::empty({2, 3, 40}, DType::bf16);
  run(EmbeddingForward{.ids = ids, .weight = weight, .y = y});
  EXPECT_EQ(y.data<bf16>()[41].bits, bf16(weight.data<float>()[ids.data<int32_t>()[1] * 40 + 1]).bits);
}

TEST(Embedding, GradientDoesNotDependOnThreads) {
  Array ids = random_ids({3000}, 7, 2), dy = random_array({3000, 300}, DType::f32, 3);
  expect_thread_independent(
      [&] {
        Array dweight = Array::zeros({7, 300}, DType::f32);
        run(EmbeddingBackward{.dy = dy, .ids = ids, .dweight = dweight});
        return dweight;
      },
      "dweight");
}

TEST(Embedding, NamesAnIdOutsideTheTable) {
  Array weight = Array::zeros({4, 2}, DType::f32), y = Array::zeros({3, 2}, DType::f32);
  for (int32_t wrong : {4, -1}) {
    Array ids = Array::from(std::vector<int32_t>{0, 3, wrong}, {3});
    const std::string wanted = "ids[2] = " + std::to_string(wrong) + " is outside [0, 4)";
    EXPECT_NE(
        message_of<Error>([&] { run(EmbeddingForward{.ids = ids, .weight = weight, .y = y}); }).find(wanted),
        std::string::npos);
    EXPECT_NE(message_of<Error>([&] {
                run(EmbeddingBackward{.dy = y, .ids = ids, .dweight = weight});
              }).find(wanted),
              std::string::npos);
  }
}

}  // namespace
}  // namespace genesis::kernels
