#include "autograd/ops/self_attention.h"

#include "autograd/op.h"
#include "kernels/attention.h"
#include "kernels/core/transfer.h"

namespace genesis::autograd {
namespace {

/// q, k and v as [N, heads, d] views of fused rows.
struct Parts {
  Array q, k, v;
  Parts(const Array& rows, int64_t heads, int64_t kv_heads) {
    const int64_t d = rows.dim(1) / (heads + 2 * kv_heads);
    auto part = [&](int64_t first, int64_t count) {
      return rows.as_strided({rows.dim(0), count, d}, {rows.dim(1), d, 1}, first * d);
    };
    q = part(0, heads);
    k = part(heads, kv_heads);
    v = part(heads + kv_heads, kv_heads);
  }
};

/// Number of rows of each document; made once for all layers that are given the same bounds.
Array lengths_of(const Array& given) {
  const Array cu_seqlens = on_device(given, Device::cpu);
  const int64_t documents = cu_seqlens.numel() - 1;
  const auto fill = [documents, cu = cu_seqlens.data<int32_t>()](const Array& lengths) {
    for (int64_t s = 0; s < documents; ++s) lengths.data<int32_t>()[s] = cu[s + 1] - cu[s];
  };
  const auto make = [&] {
    auto lengths = std::make_shared<Array>(Array::empty({documents}, DType::i32));
    fill(*lengths);
    return lengths;
  };
  Storage& storage = cu_seqlens.storage();
  if (cu_seqlens.nbytes() != storage.bytes()) return *make();
  return *storage.derived<Array>("lengths", make, [fill](const Array& lengths) { fill(lengths); });
}

struct SelfAttention {
  static constexpr const char* kName = "self_attention";
  static constexpr Autocast kAutocast = Autocast::lower;
  struct Heads {
    int64_t q, kv;
  };

  static Array forward(Context& ctx, const Array& qkv, const Array& cu_seqlens, int64_t heads,
                       int64_t kv_heads) {
    GENESIS_CHECK(qkv.ndim() == 2 && qkv.is_contiguous() && qkv.dim(1) % (heads + 2 * kv_heads) == 0,
                  "self_attention: rows of ", to_string(qkv.shape()), " do not hold ", heads, " + 2 x ",
                  kv_heads, " heads");
    GENESIS_CHECK(cu_seqlens.numel() >= 1, "self_attention: cu_seqlens is empty");
    const Parts in(qkv, heads, kv_heads);
    const Array out = Array::empty({qkv.dim(0), heads, in.q.dim(2)}, qkv.dtype(), qkv.device());
    const Array lse =
        Array::empty({heads, qkv.dim(0)}, qkv.dtype() == DType::f64 ? DType::f64 : DType::f32, qkv.device());
    const Array lengths = lengths_of(cu_seqlens);
    kernels::run(kernels::AttentionForward{.q = in.q,
                                           .k = in.k,
                                           .v = in.v,
                                           .cu_q = cu_seqlens,
                                           .k_begin = cu_seqlens.slice(0, 0, lengths.numel()),
                                           .k_length = lengths,
                                           .out = out,
                                           .lse = lse});
    ctx.save(qkv, out, lse, cu_seqlens, lengths);
    ctx.keep(Heads{heads, kv_heads});
    return out.view({qkv.dim(0), -1});
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [qkv, out, lse, cu_seqlens, lengths] = saved.get<5>();
    const auto [heads, kv_heads] = saved.attributes<Heads>();
    const Array dqkv = Array::empty(qkv.shape(), qkv.dtype(), qkv.device());
    const Parts in(qkv, heads, kv_heads), grads(dqkv, heads, kv_heads);
    kernels::run(kernels::AttentionBackward{.dout = dy.view(out.shape()),
                                            .q = in.q,
                                            .k = in.k,
                                            .v = in.v,
                                            .out = out,
                                            .lse = lse,
                                            .cu_q = cu_seqlens,
                                            .k_begin = cu_seqlens.slice(0, 0, lengths.numel()),
                                            .k_length = lengths,
                                            .dq = grads.q,
                                            .dk = grads.k,
                                            .dv = grads.v});
    return {dqkv};
  }
};

}  // namespace

Tensor self_attention(const Tensor& qkv, const Array& cu_seqlens, int64_t heads, int64_t kv_heads) {
  return apply<SelfAttention>(qkv, cu_seqlens, heads, kv_heads);
}

}  // namespace genesis::autograd
