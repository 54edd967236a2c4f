// Memory-bound CPU kernels against a parallel memcpy measured in the same run, alternating with it.
//   pointwise --dtype f32|bf16 --threads N --rows R --width W      one JSON line per kernel
// Bytes are counted once for each array read and each array written; best of the rounds.
#include <omp.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "kernels/adamw.h"
#include "kernels/add_rms_norm.h"
#include "kernels/binary.h"
#include "kernels/copy.h"
#include "kernels/core/parallel_for.h"
#include "kernels/core/run.h"
#include "kernels/cross_entropy.h"
#include "kernels/dropout.h"
#include "kernels/embedding.h"
#include "kernels/grad_norm.h"
#include "kernels/random_fill.h"
#include "kernels/reduce.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/softmax.h"
#include "kernels/swiglu.h"
#include "kernels/unary.h"

namespace {

using namespace genesis;
using namespace genesis::kernels;

double seconds_of(const std::function<void()>& fn) {
  const auto begin = std::chrono::steady_clock::now();
  fn();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Measured {
  std::string name;
  double bytes;
  std::function<void()> fn;
};

struct Shapes {
  int64_t rows = 8192, width = 2048, head_dim = 128;
  DType dtype = DType::f32;
};

Array filled(Shape shape, DType dtype, uint64_t stream) {
  Array a = Array::empty(std::move(shape), dtype);
  run(RandomFill{.distribution = Distribution::uniform, .a = -1, .b = 1, .stream = {1, stream}, .y = a});
  return a;
}

std::vector<Measured> kernels_of(const Shapes& s) {
  const int64_t n = s.rows, h = s.width, heads = h / s.head_dim;
  const double bytes = double(n * h * size_of(s.dtype));
  const Array x = filled({n, h}, s.dtype, 1), b = filled({n, h}, s.dtype, 2), dy = filled({n, h}, s.dtype, 3);
  const Array y = filled({n, h}, s.dtype, 4), z = filled({n, h}, s.dtype, 5), w = filled({h}, DType::f32, 6);
  const Array rstd = filled({n}, DType::f32, 7), dw = Array::zeros({h}, DType::f32);
  const Array half = filled({n, h / 2}, s.dtype, 8), column = Array::empty({h}, DType::f32);
  Array ids = Array::empty({n}, DType::i32), positions = Array::empty({n}, DType::i32);
  for (int64_t i = 0; i < n; ++i) {
    ids.data<int32_t>()[i] = int32_t(i * 7919 % 4096);
    positions.data<int32_t>()[i] = int32_t(i % 2048);
  }
  const Array table = filled({4096, h}, s.dtype, 9), dtable = Array::zeros({4096, h}, DType::f32);
  auto rope = std::make_shared<RopeTable>(s.head_dim, 1e4);
  rope->ensure(2048);
  const auto as_heads = [=](const Array& a) { return a.view({n, heads, s.head_dim}); };
  const Array lse = filled({n}, DType::f32, 10), loss = filled({n}, DType::f32, 11);
  const Array grad = filled({n, h}, s.dtype, 12), m = Array::zeros({n, h}, s.dtype),
              v = Array::zeros({n, h}, s.dtype);
  const Array sums = Array::empty({1}, DType::f64);
  return {
      {"rms_norm.forward", 2 * bytes,
       [=] { run(RmsNormForward{.x = x, .weight = w, .y = y, .rstd = rstd}); }},
      {"rms_norm.backward", 3 * bytes,
       [=] { run(RmsNormBackward{.dy = dy, .x = x, .weight = w, .rstd = rstd, .dx = y, .dweight = dw}); }},
      {"rms_norm.backward+residual", 4 * bytes,
       [=] {
         run(RmsNormBackward{
             .dy = dy, .x = x, .weight = w, .rstd = rstd, .dresidual = b, .dx = y, .dweight = dw});
       }},
      {"add_rms_norm.forward", 4 * bytes,
       [=] { run(AddRmsNormForward{.x = x, .delta = b, .weight = w, .residual = z, .y = y, .rstd = rstd}); }},
      {"rope in place", 2 * bytes,
       [=] {
         run(Rope{.x = as_heads(x),
                  .positions = positions,
                  .cos = rope->cos(),
                  .sin = rope->sin(),
                  .y = as_heads(x)});
       }},
      {"swiglu.forward", 1.5 * bytes, [=] { run(SwigluForward{.x = x, .y = half}); }},
      {"swiglu.backward", 2.5 * bytes, [=] { run(SwigluBackward{.dy = half, .x = x, .dx = y}); }},
      {"embedding.forward", 2 * bytes, [=] { run(EmbeddingForward{.ids = ids, .weight = table, .y = y}); }},
      {"embedding.backward", bytes + 8.0 * double(std::min<int64_t>(n, 4096) * h),
       [=] { run(EmbeddingBackward{.dy = dy, .ids = ids, .dweight = dtable}); }},
      {"binary add", 3 * bytes, [=] { run(Binary{.a = x, .b = b, .y = y}); }},
      {"unary silu", 2 * bytes, [=] { run(UnaryForward{.kind = UnaryKind::silu, .x = x, .y = y}); }},
      {"copy", 2 * bytes, [=] { run(Copy{.src = x, .dst = y}); }},
      {"reduce columns", bytes, [=] { run(Reduce{.x = x, .dims = {0}, .y = column}); }},
      {"softmax.forward", 2 * bytes, [=] { run(SoftmaxForward{.x = x, .y = y}); }},
      {"cross_entropy.forward", bytes,
       [=] { run(CrossEntropyForward{.logits = x, .targets = positions, .loss = loss, .lse = lse}); }},
      {"cross_entropy.backward", 2 * bytes,
       [=] {
         run(CrossEntropyBackward{
             .dloss = loss, .logits = x, .targets = positions, .lse = lse, .dlogits = y});
       }},
      {"dropout", 2 * bytes,
       [=] {
         run(Dropout{.x = x, .p = 0.1, .stream = {1, 2}, .y = y});
       }},
      {"adamw", 7 * bytes,
       [=] {
         run(AdamW{.tensors = {{z, grad, m, v, true}}, .lr = 1e-3, .weight_decay = 0.1});
       }},
      {"grad_norm", bytes, [=] { run(GradNorm{.grads = {x}, .sums = sums}); }},
  };
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Memory-bound CPU kernels against memcpy"};
  Shapes shapes;
  std::string dtype = "f32";
  int threads = 1, rounds = 15;
  app.add_option("--dtype", dtype)->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--threads", threads)->check(CLI::PositiveNumber);
  app.add_option("--rows", shapes.rows)->check(CLI::PositiveNumber);
  app.add_option("--width", shapes.width, "a multiple of 256, at least 2048")
      ->check(CLI::Range(2048, 1 << 20));
  app.add_option("--rounds", rounds)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  omp_set_num_threads(threads);
  shapes.dtype = dtype == "f32" ? DType::f32 : DType::bf16;

  const int64_t bytes = shapes.rows * shapes.width * size_of(shapes.dtype);
  std::vector<char> from(size_t(bytes), 1), to(size_t(bytes), 2);
  const auto copy = [&] {
    parallel_for(bytes, 1 << 16, [&](int64_t begin, int64_t end) {
      std::memcpy(to.data() + begin, from.data() + begin, size_t(end - begin));
    });
  };
  for (const Measured& k : kernels_of(shapes)) {
    double best = 1e9, best_copy = 1e9;
    for (int i = 0; i < rounds; ++i) {
      best_copy = std::min(best_copy, seconds_of(copy));
      best = std::min(best, seconds_of(k.fn));
    }
    const double rate = k.bytes / best * 1e-9, copy_rate = 2.0 * double(bytes) / best_copy * 1e-9;
    const nlohmann::json line = {
        {"kernel", k.name},    {"dtype", dtype},           {"threads", threads},
        {"rows", shapes.rows}, {"width", shapes.width},    {"ms", best * 1e3},
        {"GB/s", rate},        {"memcpy GB/s", copy_rate}, {"share", rate / copy_rate}};
    std::puts(line.dump().c_str());
  }
  return 0;
}
