// Select: a thread moves 16 bytes (1 where rows are not that wide or not aligned) of a picked slice; 2 s bytes per
// element. Add: a thread owns one column of one outer slice and adds in the order of the index, so there is one writer
// per element and no atomics. Launch: grid-stride, 256 threads. Share of peak: not measured.
#include "kernels/index_select.h"

#include "kernels/core/transfer.h"
#include "kernels/cuda/device.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class Word, class I>
__global__ void select(const Word* x, const I* index, int64_t outer, int64_t count, int64_t extent, int64_t words,
                       Word* y) {
  for (int64_t t = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; t < outer * count * words;
       t += int64_t(gridDim.x) * blockDim.x) {
    const int64_t row = t / words, word = t % words;
    y[t] = x[(row / count * extent + int64_t(index[row % count])) * words + word];
  }
}

template <class T, class I>
__global__ void add(const T* dy, const I* index, int64_t outer, int64_t count, int64_t extent, int64_t inner, T* dx) {
  for (int64_t t = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; t < outer * inner;
       t += int64_t(gridDim.x) * blockDim.x) {
    const int64_t a = t / inner, b = t % inner;
    for (int64_t i = 0; i < count; ++i) {
      T* to = dx + (a * extent + int64_t(index[i])) * inner + b;
      *to = narrow<T>(widen(*to) + widen(dy[(a * count + i) * inner + b]));
    }
  }
}

/// Indices are checked where they are made: on the host. Those that exist on a card only are trusted.
void check_indices(const char* op, const Array& index, int64_t extent) {
  if (index.device() != Device::cpu) return;
  for (int64_t i = 0; i < index.numel(); ++i) {
    const int64_t at = index.dtype() == DType::i32 ? index.data<int32_t>()[i] : index.data<int64_t>()[i];
    GENESIS_CHECK(at >= 0 && at < extent, op, ": index[", i, "] = ", at, " is outside [0, ", extent, ")");
  }
}

/// Elements before and behind dimension dim.
struct Sides {
  int64_t outer = 1, inner = 1;
  Sides(const Shape& shape, int64_t dim) {
    for (int64_t d = 0; d < dim; ++d) outer *= shape[size_t(d)];
    for (size_t d = size_t(dim) + 1; d < shape.size(); ++d) inner *= shape[d];
  }
};

template <class Fn>
void with_index_type(DType t, Fn&& fn) {
  if (t == DType::i32) return fn(int32_t{});
  fn(int64_t{});
}

}  // namespace

void run_cuda(const IndexSelect& o) {
  check_indices(o.kName, o.index, o.x.dim(o.dim));
  if (o.y.numel() == 0) return;
  const Sides sides(o.x.shape(), o.dim);
  const Array index = card_copy(o.index);
  const int64_t bytes = sides.inner * size_of(o.x.dtype()), count = o.index.numel();
  const auto of_words = [&](auto word) {
    using Word = decltype(word);
    const int64_t words = bytes / int64_t(sizeof(Word));
    with_index_type(index.dtype(), [&](auto i) {
      launch(o.kName, grid_for(sides.outer * count * words), select<Word, decltype(i)>, pointer<Word>(o.x),
             pointer<decltype(i)>(index), sides.outer, count, o.x.dim(o.dim), words, pointer<Word>(o.y));
    });
  };
  const auto address = reinterpret_cast<uintptr_t>(o.x.raw()) | reinterpret_cast<uintptr_t>(o.y.raw());
  if (bytes % 16 == 0 && address % 16 == 0) return of_words(uint4{});
  if (bytes % 2 == 0) return of_words(uint16_t{});
  of_words(uint8_t{});
}

void run_cuda(const IndexAdd& o) {
  check_indices(o.kName, o.index, o.dx.dim(o.dim));
  if (o.dy.numel() == 0) return;
  const Sides sides(o.dx.shape(), o.dim);
  const Array index = card_copy(o.index);
  dispatch_device(o.dx.dtype(), [&](auto tag) {
    using T = decltype(tag);
    with_index_type(index.dtype(), [&](auto i) {
      launch(o.kName, grid_for(sides.outer * sides.inner), add<T, decltype(i)>, pointer<T>(o.dy),
             pointer<decltype(i)>(index), sides.outer, o.index.numel(), o.dx.dim(o.dim), sides.inner,
             pointer<T>(o.dx));
    });
  });
}

}  // namespace genesis::kernels
