#include "autograd/ops/qk_norm.h"

#include "autograd/op.h"
#include "autograd/ops/rms_norm_weight.h"
#include "kernels/accumulate.h"
#include "kernels/rms_norm.h"

namespace genesis::autograd {
namespace {

/// Heads [first, first + count) of fused rows as [N, count, d].
Array heads_of(const Array& rows, int64_t first, int64_t count, int64_t d) {
  return rows.as_strided({rows.dim(0), count, d}, {rows.dim(1), d, 1}, first * d);
}

struct QkNorm {
  static constexpr const char* kName = "qk_norm";
  static constexpr Autocast kAutocast = Autocast::keep;
  struct Heads {
    int64_t q, k, d;
  };

  static Array forward(Context& ctx, const Array& qkv, const Array& q_weight, const Array& k_weight,
                       int64_t heads, int64_t kv_heads, double eps) {
    const int64_t d = q_weight.dim(0), n = qkv.dim(0);
    GENESIS_CHECK(qkv.is_contiguous() && qkv.ndim() == 2 && qkv.dim(1) == (heads + 2 * kv_heads) * d,
                  "qk_norm: rows of ", to_string(qkv.shape()), " do not hold ", heads, " + 2 x ", kv_heads,
                  " heads of ", d);
    Array y = Array::empty(qkv.shape(), qkv.dtype(), qkv.device());
    kernels::run(kernels::Accumulate{.src = qkv, .dst = y, .overwrite = true});
    Array q_rstd = Array::empty({n, heads}, statistics_dtype(qkv), qkv.device()),
          k_rstd = Array::empty({n, kv_heads}, statistics_dtype(qkv), qkv.device());
    kernels::run(kernels::RmsNormForward{.x = heads_of(qkv, 0, heads, d),
                                         .weight = q_weight,
                                         .eps = eps,
                                         .y = heads_of(y, 0, heads, d),
                                         .rstd = q_rstd});
    kernels::run(kernels::RmsNormForward{.x = heads_of(qkv, heads, kv_heads, d),
                                         .weight = k_weight,
                                         .eps = eps,
                                         .y = heads_of(y, heads, kv_heads, d),
                                         .rstd = k_rstd});
    ctx.save(qkv, q_weight, k_weight, q_rstd, k_rstd);
    ctx.keep(Heads{heads, kv_heads, d});
    return y;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    auto [qkv, q_weight, k_weight, q_rstd, k_rstd] = saved.get<5>();
    const auto [heads, kv_heads, d] = saved.attributes<Heads>();
    Array dx =
        dy;  // the gradient of v passes as it is, so dy itself is turned into dx when nobody else holds it
    if (!dy.is_only_view()) {
      dx = Array::empty(dy.shape(), dy.dtype(), dy.device());
      kernels::run(kernels::Accumulate{.src = dy, .dst = dx, .overwrite = true});
    }
    const NormWeightTarget dq_weight(saved, 1, q_weight), dk_weight(saved, 2, k_weight);
    auto differentiate = [&](int64_t first, int64_t count, const Array& weight, const Array& rstd,
                             const NormWeightTarget& dw) {
      const Array part = heads_of(dx, first, count, d);
      kernels::run(kernels::RmsNormBackward{.dy = part,
                                            .x = heads_of(qkv, first, count, d),
                                            .weight = weight,
                                            .rstd = rstd,
                                            .dx = part,
                                            .dweight = dw.grad,
                                            .accumulate_dweight = dw.accumulate});
    };
    differentiate(0, heads, q_weight, q_rstd, dq_weight);
    differentiate(heads, kv_heads, k_weight, k_rstd, dk_weight);
    return {dx, dq_weight.returned(), dk_weight.returned()};
  }
};

}  // namespace

Tensor qk_norm(const Tensor& qkv, const Tensor& q_weight, const Tensor& k_weight, int64_t heads,
               int64_t kv_heads, double eps) {
  return apply<QkNorm>(qkv, q_weight, k_weight, heads, kv_heads, eps);
}

}  // namespace genesis::autograd
