#include "kernels/embedding_part.h"

#include "kernels/core/run.h"
#include "kernels/embedding.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(EmbeddingPart, PartsAddUpToTheWholeTable) {
  const int64_t rows = 17, width = 33;
  for (DType t : kComputeTypes)
    for (const int64_t count : {0, 1, 200}) {
      const Array weight = random_array({rows, width}, t, 1), ids = random_ids({count}, rows, 2),
                  dy = random_array({count, width}, t, 3), whole = Array::empty({count, width}, t),
                  dwhole = random_array({rows, width}, t == DType::f64 ? t : DType::f32, 4);
      run(EmbeddingForward{.ids = ids, .weight = weight, .y = whole});
      const auto before = values_of(dwhole);
      run(EmbeddingBackward{.dy = dy, .ids = ids, .dweight = dwhole});
      std::vector<double> sum(size_t(count * width), 0.0);
      for (const auto& [first, end] : std::vector<std::pair<int64_t, int64_t>>{{0, 5}, {5, 6}, {6, 17}}) {
        const Array y = Array::full({count, width}, 7, t);
        run(EmbeddingPartForward{
            .ids = ids, .weight = weight.slice(0, first, end), .first = first, .total = rows, .y = y});
        const auto part = values_of(y);
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
        const std::vector<double> start(before.begin() + first * width, before.begin() + end * width);
        const Array dweight = Array::empty({end - first, width}, dwhole.dtype());
        dispatch_compute(dweight.dtype(), [&](auto tag) {
          using T = decltype(tag);
          for (size_t i = 0; i < start.size(); ++i) dweight.data<T>()[i] = T(accumulate_t<T>(start[i]));
        });
        run(EmbeddingPartBackward{.dy = dy, .ids = ids, .first = first, .total = rows, .dweight = dweight});
        expect_close(dweight, values_of(dwhole.slice(0, first, end)), 0, "dweight");
      }
      expect_close(whole, sum, 0, "rows");
    }
}

TEST(EmbeddingPart, AnIdOutsideTheWholeTableIsNamed) {
  const Array weight = Array::zeros({3, 2}, DType::f32), ids = Array::from<int32_t>({1, 9}, {2}),
              y = Array::zeros({2, 2}, DType::f32);
  const std::string message = message_of<Error>(
      [&] { run(EmbeddingPartForward{.ids = ids, .weight = weight, .first = 3, .total = 9, .y = y}); });
  EXPECT_NE(message.find("ids[1] = 9 is outside [0, 9)"), std::string::npos) << message;
  EXPECT_THROW(run(EmbeddingPartForward{.ids = ids, .weight = weight, .first = 8, .total = 9, .y = y}),
               Error);
}

}  // namespace
}  // namespace genesis::kernels
