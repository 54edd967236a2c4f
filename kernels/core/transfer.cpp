#include "kernels/core/transfer.h"

#include <cstring>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/cuda/upload.h"

namespace genesis {

void copy_across(const Array& src, const Array& dst) {
  GENESIS_CHECK(src.shape() == dst.shape() && src.dtype() == dst.dtype(), "copy of ", to_string(src.shape()),
                " ", name_of(src.dtype()), " to ", to_string(dst.shape()), " ", name_of(dst.dtype()));
  GENESIS_CHECK(src.is_contiguous() && dst.is_contiguous(),
                "copy between devices: both arrays must be contiguous");
  const int64_t bytes = src.nbytes();
  if (bytes == 0) return;
  const bool from_card = src.device() == Device::cuda, to_card = dst.device() == Device::cuda;
  if (from_card && to_card) return cuda::copy_on_card(dst.raw(), src.raw(), bytes);
  if (from_card) return cuda::copy_to_host(dst.raw(), src.raw(), bytes);
  if (to_card) return cuda::copy_to_card(dst.raw(), src.raw(), bytes);
  std::memcpy(dst.raw(), src.raw(), size_t(bytes));
}

Array on_device(const Array& a, Device device) {
  if (!a.defined() || a.device() == device) return a;
  Array copy = Array::empty(a.shape(), a.dtype(), device);
  copy_across(a, copy);
  return copy;
}

Array card_copy(const Array& a) {
  if (a.device() == Device::cuda) return a;
  Storage& storage = a.storage();
  const auto whole = storage.derived<Array>(
      "card", [&] { return std::make_shared<Array>(cuda::upload(storage.data(), storage.bytes())); },
      [from = storage.data()](Array& there) { cuda::copy_to_card(there.raw(), from, there.nbytes()); });
  return whole->reinterpret(a.dtype()).as_strided(a.shape(), a.strides(), a.storage_offset());
}

}  // namespace genesis
