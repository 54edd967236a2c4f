#include "kernels/core/array.h"

#include <algorithm>
#include <cstring>

#include "kernels/core/cuda/runtime.h"

namespace genesis {
namespace {

int64_t wrap(int64_t i, int64_t n) {
  const int64_t wrapped = i < 0 ? i + n : i;
  GENESIS_CHECK(wrapped >= 0 && wrapped < n, "dimension ", i, " of an array with ", n, " dimensions");
  return wrapped;
}

}  // namespace

Storage::Storage(int64_t bytes, Device device) : block_(allocate(bytes, device)) {}

Storage::Storage(void* data, int64_t bytes, std::shared_ptr<void> owner, Device device)
    : block_{data, bytes, bytes, device, MemoryCategory::activations}, owner_(std::move(owner)) {
  GENESIS_CHECK(owner_, "borrowed bytes need an owner that keeps them alive");
}

Storage::~Storage() {
  if (!owner_) release(block_);
}

void Storage::discard(std::function<void(Storage&)> recipe) {
  GENESIS_INVARIANT(!owner_ && !discarded_ && recipe,
                    "only bytes of the allocator that are there are discarded");
  recipe_ = std::move(recipe);
  discard_again();
}

void Storage::discard_again() {
  if (!recipe_ || discarded_) return;
  derived_.clear();
  release(block_);
  block_ = {nullptr, block_.bytes, 0, block_.device, block_.category};
  discarded_ = true;
}

void Storage::restore() {
  if (!discarded_) return;
  MemoryScope scope(block_.category);
  recipe_(*this);
  GENESIS_INVARIANT(!discarded_, "a recipe made no bytes");
}

void Storage::take(Storage& other) {
  GENESIS_INVARIANT(discarded_ && !other.owner_ && !other.discarded_ && other.bytes() == bytes() &&
                        other.device() == device(),
                    "a recipe made ", other.bytes(), " bytes of ", bytes());
  std::swap(block_, other.block_);
  discarded_ = false;
}

std::shared_ptr<void> Storage::derived_any(std::string_view key,
                                           const std::function<std::shared_ptr<void>()>& make) {
  for (auto& d : derived_) {
    if (d.key != key) continue;
    if (d.version != version_) {
      d.value.reset();  // the old copy goes first: both at once would double the memory
      d.value = make();
      d.version = version_;
    }
    return d.value;
  }
  std::shared_ptr<void> value = make();
  keep_derived(key, value, {});
  return value;
}

std::shared_ptr<void> Storage::refreshed(std::string_view key) {
  for (auto& d : derived_) {
    if (d.key != key) continue;
    if (d.version != version_) d.refresh(d.value.get());
    d.version = version_;
    return d.value;
  }
  return nullptr;
}

void Storage::keep_derived(std::string_view key, std::shared_ptr<void> value,
                           std::function<void(void*)> refresh) {
  derived_.push_back({std::string(key), version_, std::move(value), std::move(refresh)});
}

void Storage::refresh_derived() {
  std::erase_if(derived_, [&](const Derived& d) { return d.version != version_ && !d.refresh; });
  for (auto& d : derived_) {
    if (d.version == version_) continue;
    d.refresh(d.value.get());
    d.version = version_;
  }
}

Array Array::empty(Shape shape, DType dtype, Device device) {
  for (int64_t d : shape) GENESIS_CHECK(d >= 0, "shape ", to_string(shape), " has a negative extent");
  Array a;
  a.strides_ = contiguous_strides(shape);
  a.storage_ = std::make_shared<Storage>(numel_of(shape) * size_of(dtype), device);
  a.shape_ = std::move(shape);
  a.dtype_ = dtype;
  a.device_ = device;
  return a;
}

Array Array::zeros(Shape shape, DType dtype, Device device) {
  Array a = empty(std::move(shape), dtype, device);
  if (device == Device::cuda) {
    cuda::zero_on_card(a.raw(), a.nbytes());
  } else if (a.nbytes() > 0) {
    std::memset(a.raw(), 0, size_t(a.nbytes()));
  }
  return a;
}

Array Array::full(Shape shape, double value, DType dtype) {
  Array a = empty(std::move(shape), dtype);
  dispatch_any(dtype, [&](auto tag) {
    using T = decltype(tag);
    T* p = static_cast<T*>(a.raw());
    if constexpr (std::is_same_v<T, bf16> || std::is_same_v<T, f16>) {
      std::fill_n(p, a.numel(), T(float(value)));
    } else {
      std::fill_n(p, a.numel(), T(value));
    }
  });
  return a;
}

Array Array::borrow(void* data, Shape shape, DType dtype, std::shared_ptr<void> owner, Device device) {
  Array a;
  a.strides_ = contiguous_strides(shape);
  a.storage_ = std::make_shared<Storage>(data, numel_of(shape) * size_of(dtype), std::move(owner), device);
  a.device_ = device;
  a.shape_ = std::move(shape);
  a.dtype_ = dtype;
  return a;
}

int64_t Array::dim(int64_t i) const { return shape_[size_t(wrap(i, ndim()))]; }

bool Array::is_contiguous() const {
  int64_t step = 1;
  for (size_t i = shape_.size(); i-- > 0;) {
    if (shape_[i] == 1) continue;
    if (strides_[i] != step) return numel() == 0;
    step *= shape_[i];
  }
  return true;
}

void* Array::raw() const {
  GENESIS_CHECK(defined(), "the array is undefined");
  GENESIS_CHECK(!storage_->is_discarded(), "the array of shape ", to_string(shape_),
                " was given back after the forward pass: backward makes it again, nobody else may read it");
  return static_cast<char*>(storage_->data()) + offset_ * size_of(dtype_);
}

Array Array::view(Shape shape) const {
  GENESIS_CHECK(is_contiguous(), "view of a non-contiguous array of shape ", to_string(shape_));
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] >= 0) {
      known *= shape[i];
    } else {
      GENESIS_CHECK(shape[i] == -1 && open < 0, "shape ", to_string(shape), " has more than one open extent");
      open = int64_t(i);
    }
  }
  if (open >= 0) {
    GENESIS_CHECK(known > 0 && numel() % known == 0, "shape ", to_string(shape), " does not divide ", numel(),
                  " elements");
    shape[size_t(open)] = numel() / known;
  }
  GENESIS_CHECK(numel_of(shape) == numel(), "shape ", to_string(shape_), " cannot be viewed as ",
                to_string(shape));
  Array a = *this;
  a.strides_ = contiguous_strides(shape);
  a.shape_ = std::move(shape);
  return a;
}

Array Array::slice(int64_t d, int64_t begin, int64_t end) const {
  const auto i = size_t(wrap(d, ndim()));
  GENESIS_CHECK(0 <= begin && begin <= end && end <= shape_[i], "slice [", begin, ", ", end, ") of extent ",
                shape_[i]);
  Array a = *this;
  a.shape_[i] = end - begin;
  a.offset_ += begin * strides_[i];
  return a;
}

Array Array::select(int64_t d, int64_t index) const {
  const auto i = size_t(wrap(d, ndim()));
  const int64_t at = index < 0 ? index + shape_[i] : index;
  Array a = slice(d, at, at + 1);
  a.shape_.erase(a.shape_.begin() + int64_t(i));
  a.strides_.erase(a.strides_.begin() + int64_t(i));
  return a;
}

Array Array::transpose(int64_t x, int64_t y) const {
  Array a = *this;
  std::swap(a.shape_[size_t(wrap(x, ndim()))], a.shape_[size_t(wrap(y, ndim()))]);
  std::swap(a.strides_[size_t(wrap(x, ndim()))], a.strides_[size_t(wrap(y, ndim()))]);
  return a;
}

Array Array::unsqueeze(int64_t d) const {
  const int64_t at = wrap(d, ndim() + 1);
  Array a = *this;
  a.shape_.insert(a.shape_.begin() + at, 1);
  a.strides_.insert(a.strides_.begin() + at, at < ndim() ? strides_[size_t(at)] * shape_[size_t(at)] : 1);
  return a;
}

Array Array::expand(Shape shape) const {
  GENESIS_CHECK(int64_t(shape.size()) >= ndim(), "shape ", to_string(shape_), " cannot expand to ",
                to_string(shape));
  Array a = *this;
  const size_t lead = shape.size() - shape_.size();
  a.strides_.assign(shape.size(), 0);
  for (size_t i = lead; i < shape.size(); ++i) {
    const int64_t own = shape_[i - lead];
    if (own == shape[i]) {
      a.strides_[i] = strides_[i - lead];
    } else {
      GENESIS_CHECK(own == 1, "shape ", to_string(shape_), " cannot expand to ", to_string(shape));
    }
  }
  a.shape_ = std::move(shape);
  return a;
}

Array Array::as_strided(Shape shape, Shape strides, int64_t offset) const {
  GENESIS_CHECK(shape.size() == strides.size(), "as_strided: ", shape.size(), " extents, ", strides.size(),
                " strides");
  Array a = *this;
  a.shape_ = std::move(shape);
  a.strides_ = std::move(strides);
  a.offset_ += offset;
  return a;
}

Array Array::reinterpret(DType dtype) const {
  GENESIS_CHECK(is_contiguous() && offset_ == 0 && nbytes() % size_of(dtype) == 0, "bytes of shape ",
                to_string(shape_), " ", name_of(dtype_), " read as ", name_of(dtype));
  Array a = *this;
  a.shape_ = {nbytes() / size_of(dtype)};
  a.strides_ = {1};
  a.dtype_ = dtype;
  return a;
}

}  // namespace genesis
