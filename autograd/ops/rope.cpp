#include "autograd/ops/rope.h"

#include "autograd/op.h"
#include "kernels/accumulate.h"

namespace genesis::autograd {
namespace {

struct RopeAttributes {
  Array positions, cos, sin;
  int64_t heads, head_dim;
  kernels::RopePairing pairing;
};

Array copy_of(const Array& x) {
  Array y = Array::empty(x.shape(), x.dtype(), x.device());
  kernels::run(kernels::Accumulate{.src = x, .dst = y, .overwrite = true});
  return y;
}

void rotate_in_place(const Array& x, const RopeAttributes& a, bool inverse) {
  const Array rows = x.as_strided({x.dim(0), a.heads, a.head_dim}, {x.dim(1), a.head_dim, 1}, 0);
  kernels::run(kernels::Rope{.x = rows,
                             .positions = a.positions,
                             .cos = a.cos,
                             .sin = a.sin,
                             .y = rows,
                             .inverse = inverse,
                             .pairing = a.pairing});
  x.storage().bump_version();
}

struct RotateHeads {
  static constexpr const char* kName = "rope";
  static constexpr Autocast kAutocast = Autocast::keep;

  static Array forward(Context& ctx, const Array& x, const RopeAttributes& a, bool in_place) {
    GENESIS_CHECK(x.ndim() == 2 && x.is_contiguous() && a.heads * a.head_dim <= x.dim(1), "rope: ", a.heads,
                  " heads of ", a.head_dim, " do not fit rows of shape ", to_string(x.shape()));
    const Array y = in_place ? x : copy_of(x);
    rotate_in_place(y, a, false);
    ctx.keep(a);
    return y;
  }

  static Grads backward(const Saved& saved, const Array& dy) {
    const Array dx = dy.is_only_view() ? dy : copy_of(dy);
    rotate_in_place(dx, saved.attributes<RopeAttributes>(), true);
    return {dx};
  }
};

Tensor rotate(const Tensor& x, const Array& positions, const kernels::RopeTable& table, int64_t heads,
              bool in_place) {
  const RopeAttributes attributes{positions, table.cos(),      table.sin(),
                                  heads,     table.head_dim(), table.pairing};
  return apply<RotateHeads>(x, attributes, in_place);
}

}  // namespace

Tensor rope_(const Tensor& x, const Array& positions, const kernels::RopeTable& table, int64_t heads) {
  GENESIS_CHECK(!(x.is_leaf() && x.requires_grad()),
                "rope_: a leaf that requires a gradient cannot be changed in place");
  return rotate(x, positions, table, heads, true);
}

Tensor rope(const Tensor& x, const Array& positions, const kernels::RopeTable& table, int64_t heads) {
  return rotate(x, positions, table, heads, false);
}

}  // namespace genesis::autograd
