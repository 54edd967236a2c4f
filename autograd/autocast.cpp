#include "autograd/autocast.h"

#include "kernels/accumulate.h"

namespace genesis {
namespace {

thread_local autograd::AutocastState state;

std::string_view key_of(DType dtype) {
  return dtype == DType::f16 ? "cast.f16" : dtype == DType::bf16 ? "cast.bf16" : "cast.f32";
}

Array converted(const Array& a, DType dtype) {
  Array out = Array::empty(a.shape(), dtype, a.device());
  kernels::run(kernels::Accumulate{.src = a, .dst = out, .overwrite = true});
  return out;
}

}  // namespace

autocast::autocast(DType dtype, bool enabled) : previous_on_(state.on), previous_dtype_(state.dtype) {
  GENESIS_CHECK(dtype == DType::bf16 || dtype == DType::f16, "autocast to ", name_of(dtype),
                "; use bf16 or f16");
  state = {enabled && enable_autocast, dtype};
}
autocast::~autocast() { state = {previous_on_, previous_dtype_}; }

namespace autograd {

AutocastState autocast_state() { return state; }

Array cast_input(const Array& a, DType dtype, bool is_leaf) {
  if (!a.defined() || a.dtype() == dtype || !is_floating(a.dtype()) || a.dtype() == DType::f64) return a;
  if (!is_leaf || a.storage_offset() != 0 || !a.is_contiguous()) return converted(a, dtype);
  const auto make = [&] {
    MemoryScope scope(MemoryCategory::workspace);
    return std::make_shared<Array>(converted(a, dtype));
  };
  // The copy keeps its place: work that was recorded reads it there.
  const auto refresh = [value = a.raw(), from = a.dtype()](Array& copy) {
    const Array now = Array::borrow(value, copy.shape(), from, std::make_shared<int>(), copy.device());
    kernels::run(kernels::Accumulate{.src = now, .dst = copy, .overwrite = true});
    copy.storage().bump_version();
  };
  return *a.storage().derived<Array>(key_of(dtype), make, refresh);
}

}  // namespace autograd
}  // namespace genesis
