// Equal dtypes: a driver copy where both sides are flat, else one element a thread, moved as 1, 2, 4 or 8 bytes. Between
// f32, bf16 and f16 on flat sides: 16-byte accesses. Every other pair: one element a thread by a switch. Reads src and
// writes dst once. Launch: grid-stride, 256 threads. Share of peak: not measured.
#include "kernels/copy.h"

#include "kernels/accumulate.h"
#include "kernels/core/transfer.h"
#include "kernels/cuda/any_type.cuh"
#include "kernels/cuda/strided.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class Word>
__global__ void move(const Word* src, Word* dst, StridedIndex<2> index) {
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < index.count;
       i += int64_t(gridDim.x) * blockDim.x) {
    const auto p = index(i);
    dst[p.at[1]] = src[p.at[0]];
  }
}

__global__ void convert(const void* src, DType from, void* dst, DType to, StridedIndex<2> index) {
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < index.count;
       i += int64_t(gridDim.x) * blockDim.x) {
    const auto p = index(i);
    write_any(dst, to, p.at[1], read_any(src, from, p.at[0]));
  }
}

template <class Word>
void move_words(const Copy& o, const StridedIndex<2>& index) {
  launch(o.kName, grid_for(index.count), move<Word>, pointer<Word>(o.src), pointer<Word>(o.dst), index);
}

bool is_card_float(DType t) { return t == DType::f32 || t == DType::bf16 || t == DType::f16; }

}  // namespace

void run_cuda(const Copy& o) {
  if (o.dst.numel() == 0) return;
  if (o.src.device() == Device::cpu) {  // values from the host: as they are, then converted on the card
    return run_cuda(Copy{.src = on_device(contiguous(o.src), Device::cuda), .dst = o.dst});
  }
  const auto index = strided_index<2>(o.kName, o.dst.shape(), {o.src.strides(), o.dst.strides()});
  if (o.src.dtype() == o.dst.dtype()) {
    if (index.flat) return genesis::cuda::copy_on_card(o.dst.raw(), o.src.raw(), o.dst.nbytes());
    switch (size_of(o.src.dtype())) {
      case 1:
        return move_words<uint8_t>(o, index);
      case 2:
        return move_words<uint16_t>(o, index);
      case 4:
        return move_words<uint32_t>(o, index);
      default:
        return move_words<uint64_t>(o, index);
    }
  }
  if (index.flat && is_card_float(o.src.dtype()) && is_card_float(o.dst.dtype()))
    return run_cuda(Accumulate{.src = o.src, .dst = o.dst, .overwrite = true});
  launch(o.kName, grid_for(index.count), convert, static_cast<const void*>(o.src.raw()), o.src.dtype(), o.dst.raw(),
         o.dst.dtype(), index);
}

}  // namespace genesis::kernels
