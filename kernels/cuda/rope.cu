// A thread takes dimensions i .. i+7 of one head and their partners i + d/2 …: 16-byte accesses; 2 s bytes
// per element. The table row of a position serves all heads of its token from L1. No sums. Share of peak: not
// measured.

#include <algorithm>

#include "kernels/core/transfer.h"
#include "kernels/cuda/device.cuh"
#include "kernels/rope.h"

namespace genesis::kernels {
namespace {

using namespace cuda;

__device__ void turn(float& a, float& b, float c, float s) {
  const float turned = a * c - b * s;
  b = b * c + a * s;
  a = turned;
}

template <class T, RopePairing kPairing>
__global__ void rotate(const T* x, int64_t x_row, int64_t x_head, const int32_t* positions, const float* cos,
                       const float* sin, float sign, T* y, int64_t y_row, int64_t y_head, int64_t rows,
                       int64_t heads, int64_t half, bool aligned) {
  const int64_t chunks = (half + kVector - 1) / kVector;
  for (int64_t t = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; t < rows * heads * chunks;
       t += int64_t(gridDim.x) * blockDim.x) {
    const int64_t n = t / (heads * chunks), h = t / chunks % heads, i = t % chunks * kVector;
    const T* from = x + n * x_row + h * x_head;
    T* to = y + n * y_row + h * y_head;
    const int64_t table = int64_t(positions[n]) * half;
    float c[kVector], s[kVector];
    load(cos + table, i, half, aligned, c);
    load(sin + table, i, half, aligned, s);
    if constexpr (kPairing == RopePairing::halves) {
      float a[kVector], b[kVector];
      load(from, i, half, aligned, a);
      load(from + half, i, half, aligned, b);
#pragma unroll
      for (int j = 0; j < kVector; ++j) turn(a[j], b[j], c[j], sign * s[j]);
      store(to, i, half, aligned, a);
      store(to + half, i, half, aligned, b);
    } else {  // neighbours: the 2 kVector dimensions of the same pairs
#pragma unroll
      for (int part = 0; part < 2; ++part) {
        const int64_t at = 2 * i + part * kVector;
        if (at >= 2 * half) break;
        float v[kVector];
        load(from, at, 2 * half, aligned, v);
#pragma unroll
        for (int j = 0; j < kVector; j += 2) {
          const int pair = part * (kVector / 2) + j / 2;
          turn(v[j], v[j + 1], c[pair], sign * s[pair]);
        }
        store(to, at, 2 * half, aligned, v);
      }
    }
  }
}

/// Positions are checked where they are made: on the host, once for all layers. Those that exist on a card
/// only are trusted.
void check_positions(const Rope& o) {
  if (o.positions.device() != Device::cpu || o.positions.numel() == 0) return;
  const int32_t *first = o.positions.data<int32_t>(), *last = first + o.positions.numel();
  using Range = std::pair<int32_t, int32_t>;
  if (o.positions.storage_offset() == 0 && o.positions.nbytes() == o.positions.storage().bytes()) {
    const auto range = o.positions.storage().derived<Range>("range", [&] {
      const auto [least, most] = std::minmax_element(first, last);
      return std::make_shared<Range>(*least, *most);
    });
    if (range->first >= 0 && range->second < o.cos.dim(0)) return;
  }
  for (const int32_t* p = first; p != last; ++p)
    GENESIS_CHECK(*p >= 0 && *p < o.cos.dim(0), Rope::kName, ": positions[", p - first, "] = ", *p,
                  " is outside [0, ", o.cos.dim(0), ")");
}

}  // namespace

void run_cuda(const Rope& o) {
  check_positions(o);
  if (o.x.numel() == 0) return;
  const int64_t rows = o.x.dim(0), heads = o.x.dim(1), half = o.x.dim(2) / 2;
  const Array positions = card_copy(o.positions), cos = card_copy(o.cos), sin = card_copy(o.sin);
  const bool aligned = is_aligned(o.x) && is_aligned(o.y) && half % kVector == 0;
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    const auto kernel = o.pairing == RopePairing::halves ? rotate<T, RopePairing::halves>
                                                         : rotate<T, RopePairing::neighbours>;
    launch(o.kName, grid_for(rows * heads * ((half + kVector - 1) / kVector)), kernel, pointer<T>(o.x),
           o.x.strides()[0], o.x.strides()[1], pointer<int32_t>(positions), pointer<float>(cos),
           pointer<float>(sin), o.inverse ? -1.0f : 1.0f, pointer<T>(o.y), o.y.strides()[0], o.y.strides()[1],
           rows, heads, half, aligned);
  });
}

}  // namespace genesis::kernels
