#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "kernels/core/allocator.h"
#include "kernels/core/device.h"
#include "kernels/core/dtype.h"
#include "kernels/core/shape.h"

namespace genesis {

/// Bytes shared by every view of an array. Move-only; the block goes back to the allocator with the last
/// view.
class Storage {
 public:
  Storage(int64_t bytes, Device device);
  /// Borrowed bytes (a mapped file, a user's buffer); `owner` keeps them alive.
  Storage(void* data, int64_t bytes, std::shared_ptr<void> owner, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return block_.data; }
  int64_t bytes() const { return block_.bytes; }
  Device device() const { return block_.device; }
  /// Whether the block was cut out of `memory`.
  bool is_in(const RecordedMemory& memory) const { return block_.from.get() == &memory; }

  /// Counts in-place writes: whoever kept a value compares it to notice a change.
  uint64_t version() const { return version_; }
  void bump_version() {
    ++version_;
    if (recipe_ && !discarded_) recipe_ = nullptr;  // it does not make what was written
  }

  /// A value computed from these bytes (a bf16 copy, a packed layout), kept until the next in-place write.
  ///   Not thread-safe: one thread uses a parameter at a time.
  template <class T>
  std::shared_ptr<T> derived(std::string_view key, const std::function<std::shared_ptr<T>()>& make) {
    return std::static_pointer_cast<T>(derived_any(key, [&]() -> std::shared_ptr<void> { return make(); }));
  }
  /// The same, but after a write refresh(T&) makes the value anew where it lies: work on a card that was
  /// recorded goes on reading it there. What it captures is copied and must not hold a view of these bytes.
  template <class T, class Refresh>
  std::shared_ptr<T> derived(std::string_view key, const std::function<std::shared_ptr<T>()>& make,
                             const Refresh& refresh) {
    if (std::shared_ptr<void> kept = refreshed(key)) return std::static_pointer_cast<T>(std::move(kept));
    std::shared_ptr<T> value = make();
    keep_derived(key, value, [refresh](void* old) { refresh(*static_cast<T*>(old)); });
    return value;
  }
  /// Brings what can be refreshed up to date now, in the order it was made, and drops the rest of what is
  /// old.
  void refresh_derived();
  void drop_derived() { derived_.clear(); }

  /// Gives the bytes back to the allocator, with what was derived from them; views stay, and reading one is
  /// an error until restore() has brought them back. `recipe` makes the same bytes again and hands them to
  /// take(). Errors: InvariantError for borrowed bytes.
  void discard(std::function<void(Storage&)> recipe);
  bool is_discarded() const { return discarded_; }
  /// Runs the recipe, which allocates under the category the bytes had. Nothing when they are there.
  void restore();
  /// Gives bytes that were restored back once more. Nothing when there is no recipe for what they hold.
  void discard_again();
  /// The bytes of `other`, as many as were discarded; it is left without.
  void take(Storage& other);

 private:
  struct Derived {
    std::string key;
    uint64_t version;
    std::shared_ptr<void> value;
    std::function<void(void*)> refresh;  // may be empty
  };
  std::shared_ptr<void> derived_any(std::string_view key, const std::function<std::shared_ptr<void>()>& make);
  std::shared_ptr<void> refreshed(std::string_view key);  // null when there is none
  void keep_derived(std::string_view key, std::shared_ptr<void> value, std::function<void(void*)> refresh);

  Block block_;
  std::shared_ptr<void> owner_;  // set for borrowed bytes only
  uint64_t version_ = 0;
  std::vector<Derived> derived_;
  std::function<void(Storage&)> recipe_;  // makes what the bytes were when they were discarded
  bool discarded_ = false;
};

/// An n-dimensional view of typed bytes on one device. Copying an Array copies the view, not the bytes.
/// It knows nothing of gradients. Strides are in elements; dimensions of extent 0 are legal.
class Array {
 public:
  Array() = default;  ///< undefined: defined() is false

  static Array empty(Shape shape, DType dtype, Device device = Device::cpu);
  static Array zeros(Shape shape, DType dtype, Device device = Device::cpu);
  /// Every element = value, converted to dtype (CPU).
  static Array full(Shape shape, double value, DType dtype);
  /// Borrowed contiguous bytes; `owner` keeps them alive.
  static Array borrow(void* data, Shape shape, DType dtype, std::shared_ptr<void> owner,
                      Device device = Device::cpu);
  /// A CPU copy of the values; the dtype follows T.
  template <class T>
  static Array from(const std::vector<T>& values, Shape shape);

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }
  int64_t ndim() const { return int64_t(shape_.size()); }
  /// Extent of a dimension; negative counts from the end.
  int64_t dim(int64_t i) const;
  int64_t numel() const { return defined() ? numel_of(shape_) : 0; }
  int64_t nbytes() const { return numel() * size_of(dtype_); }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }
  bool is_contiguous() const;

  /// First element; T must be the C++ type of dtype().
  template <class T>
  T* data() const {
    GENESIS_CHECK(dtype_of<T>() == dtype_, "array holds ", name_of(dtype_), ", read as ",
                  name_of(dtype_of<T>()));
    return static_cast<T*>(raw());
  }
  void* raw() const;

  // Views: same bytes, no copy.
  Array view(Shape shape) const;  ///< contiguous arrays only; one extent may be -1
  Array slice(int64_t dim, int64_t begin, int64_t end) const;  ///< [begin, end) of one dimension
  Array select(int64_t dim, int64_t index) const;  ///< one index of one dimension, which disappears
  Array transpose(int64_t a, int64_t b) const;
  Array unsqueeze(int64_t dim) const;
  Array expand(Shape shape) const;  ///< extents of 1 repeat with stride 0
  Array as_strided(Shape shape, Shape strides,
                   int64_t offset) const;  ///< offset in elements from this view's first
  Array reinterpret(DType dtype) const;    ///< the bytes of a whole contiguous storage as another dtype, flat

  Storage& storage() const { return *storage_; }
  int64_t storage_offset() const { return offset_; }  ///< elements from the storage's first
  bool shares_storage(const Array& other) const { return storage_ == other.storage_; }
  /// Whether no other Array sees these bytes, so that they may be overwritten.
  bool is_only_view() const { return storage_.use_count() == 1; }

 private:
  std::shared_ptr<Storage> storage_;
  Shape shape_, strides_;
  int64_t offset_ = 0;
  DType dtype_ = DType::f32;
  Device device_ = Device::cpu;
};

template <class T>
Array Array::from(const std::vector<T>& values, Shape shape) {
  GENESIS_CHECK(numel_of(shape) == int64_t(values.size()), "shape ", to_string(shape), " does not hold ",
                values.size(), " values");
  Array a = empty(std::move(shape), dtype_of<T>());
  std::copy(values.begin(), values.end(), static_cast<T*>(a.raw()));
  return a;
}

}  // namespace genesis
