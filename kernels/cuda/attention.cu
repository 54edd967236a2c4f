// Head dimensions 64, 96 and 128 in bf16 and f16: tiles and tensor cores (attention_forward.cuh,
// attention_backward.cuh); everything else: attention_simple.cuh. Where cuDNN is there and was measured to be faster, it
// computes instead (library_attention.h). Both directions repeat bit for bit. Launch: 128
// threads; dynamic shared memory up to 87 KB. Share of peak: not measured.
#include "kernels/attention.h"

#include "kernels/cuda/attention_backward.cuh"
#include "kernels/cuda/attention_forward.cuh"
#include "kernels/cuda/attention_simple.cuh"
#include "kernels/cuda/column_sums.cuh"
#include "kernels/cuda/library_attention.h"

namespace genesis::kernels {
namespace {

using namespace cuda;

/// Calls fn with the head dimension as a constant.
template <class Fn>
void with_head_dim(int64_t d, Fn&& fn) {
  if (d == 64) return fn(std::integral_constant<int, 64>{});
  if (d == 96) return fn(std::integral_constant<int, 96>{});
  fn(std::integral_constant<int, 128>{});
}

void set_batch(auto& p, const AttentionBatch& batch) {
  p.cu_q = pointer<int32_t>(batch.cu_q);
  p.k_begin = pointer<int32_t>(batch.k_begin);
  p.k_length = pointer<int32_t>(batch.k_length);
  p.query_tiles = pointer<AttentionTile>(batch.query_tiles);
  p.key_tiles = pointer<AttentionTile>(batch.key_tiles);
}

template <class T>
AttentionParams<T> params_of(const Array& q, const Array& k, const Array& v, double scale) {
  AttentionParams<T> p{};
  p.q = pointer<T>(q);
  p.k = pointer<T>(k);
  p.v = pointer<T>(v);
  p.q_row = q.strides()[0];
  p.k_row = k.strides()[0];
  p.v_row = v.strides()[0];
  p.rows = q.dim(0);
  p.heads = int(q.dim(1));
  p.kv_heads = int(k.dim(1));
  p.d = int(q.dim(2));
  p.scale = attention_scale(scale, q.dim(2));
  GENESIS_CHECK(p.d <= kSimpleDim, "attention: a head dimension of ", p.d, "; ", kSimpleDim, " is the largest");
  return p;
}

template <class T>
void forward(const AttentionForward& o) {
  AttentionParams<T> p = params_of<T>(o.q, o.k, o.v, o.scale);
  p.out = pointer<T>(o.out);
  p.out_row = o.out.strides()[0];
  p.lse = pointer<float>(o.lse);
  const bool tiled = has_tiles(p);
  const int64_t rows = tiled ? kForwardQueries : kSimpleRows;
  const AttentionBatch batch =
      attention_batch(o.kName, o.cu_q, o.k_begin, o.k_length, o.q.dim(0), o.k.dim(0), rows, rows);
  set_batch(p, batch);
  const int64_t blocks = batch.query_tiles.dim(0), heads = o.q.dim(1);
  if constexpr (!std::is_same_v<T, float>) {
    if (tiled)
      return with_head_dim(p.d, [&](auto d) {
        launch(o.kName,
               {.blocks = blocks, .threads = kForwardThreads, .shared_bytes = forward_shared_bytes<T, d>(),
                .blocks_y = heads},
               attention_forward<T, d>, p);
      });
  }
  launch("attention.simple_forward", {.blocks = blocks, .threads = kSimpleThreads, .blocks_y = heads},
         simple_forward<T>, p);
}

template <class T>
void backward(const AttentionBackward& o) {
  AttentionParams<T> p = params_of<T>(o.q, o.k, o.v, o.scale);
  p.out = pointer<T>(o.out);
  p.dout = pointer<T>(o.dout);
  p.dq = pointer<T>(o.dq);
  p.dk = pointer<T>(o.dk);
  p.dv = pointer<T>(o.dv);
  p.out_row = o.out.strides()[0];
  p.dout_row = o.dout.strides()[0];
  p.dq_row = o.dq.strides()[0];
  p.dk_row = o.dk.strides()[0];
  p.dv_row = o.dv.strides()[0];
  p.lse = pointer<float>(o.lse);
  const int64_t heads = o.q.dim(1), kv_heads = o.k.dim(1);
  const Array delta = card_workspace({heads, o.q.dim(0)}, DType::f32);
  const bool tiled = has_tiles(p);
  constexpr int64_t kTogether = kThreads / kDeltaLanes;
  launch("attention.delta", {.blocks = (o.q.dim(0) * heads + kTogether - 1) / kTogether}, attention_delta<T>, p, tiled,
         pointer<float>(delta));
  p.delta = pointer<float>(delta);
  const AttentionBatch batch =
      attention_batch(o.kName, o.cu_q, o.k_begin, o.k_length, o.q.dim(0), o.k.dim(0),
                      tiled ? kDqQueries : kSimpleRows, tiled ? kDkvKeys : kSimpleRows);
  set_batch(p, batch);
  const int64_t query_blocks = batch.query_tiles.dim(0), key_blocks = batch.key_tiles.dim(0);
  if constexpr (!std::is_same_v<T, float>) {
    if (tiled)
      return with_head_dim(p.d, [&](auto d) {
        launch("attention.dq",
               {.blocks = query_blocks, .threads = kBackwardThreads, .shared_bytes = dq_shared_bytes<T, d>(),
                .blocks_y = heads},
               attention_dq<T, d>, p);
        launch("attention.dkv",
               {.blocks = key_blocks, .threads = kBackwardThreads, .shared_bytes = dkv_shared_bytes<T, d>(),
                .blocks_y = kv_heads},
               attention_dkv<T, d>, p);
      });
  }
  launch("attention.simple_dq", {.blocks = query_blocks, .threads = kSimpleThreads, .blocks_y = heads}, simple_dq<T>,
         p);
  launch("attention.simple_dkv", {.blocks = key_blocks, .threads = kSimpleThreads, .blocks_y = kv_heads},
         simple_dkv<T>, p);
}

}  // namespace

void run_cuda(const AttentionForward& o) {
  if (o.out.numel() == 0) return;
  const auto own = [&] { dispatch_device(o.q.dtype(), [&](auto tag) { forward<decltype(tag)>(o); }); };
  if (!library_attention(o, own)) own();
}

void run_cuda(const AttentionBackward& o) {
  if (o.dout.numel() == 0) return;
  const auto own = [&] { dispatch_device(o.q.dtype(), [&](auto tag) { backward<decltype(tag)>(o); }); };
  if (!library_attention(o, own)) own();
}

}  // namespace genesis::kernels
