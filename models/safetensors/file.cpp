#include "models/safetensors/file.h"

#include <algorithm>
#include <exception>
#include <mutex>

#include "kernels/core/large_pages.h"
#include "kernels/core/log.h"
#include "kernels/core/parallel_for.h"
#include "kernels/core/transfer.h"
#include "models/safetensors/convert.h"

namespace genesis::models {
namespace {

constexpr int64_t kBlock =
    int64_t{1} << 19;  // values read at a time by a thread: 1 MiB of bf16, which stays in its cache

thread_local Strictness thread_strictness = Strictness::strict;

}  // namespace

LenientReading::LenientReading(bool wanted) : previous_(thread_strictness) {
  if (wanted) thread_strictness = Strictness::lenient;
}
LenientReading::~LenientReading() { thread_strictness = previous_; }

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  SafetensorsFile f;
  f.path_ = path;
  f.file_ = std::make_shared<const MappedFile>(path);
  const auto bytes = f.file_->bytes();
  f.header_ = std::make_shared<const SafetensorsHeader>(
      parse_safetensors_header(bytes, int64_t(bytes.size()), path.string(), thread_strictness));
  for (const auto& warning : f.header_->warnings) warn("{} (read because of --lenient)", warning);
  auto by_name = std::make_shared<std::unordered_map<std::string_view, const StoredTensor*>>();
  for (const auto& t : f.header_->tensors) by_name->emplace(t.name, &t);
  f.by_name_ = std::move(by_name);
  return f;
}

const StoredTensor* SafetensorsFile::find(std::string_view name) const {
  const auto it = by_name_->find(name);
  return it == by_name_->end() ? nullptr : it->second;
}

const StoredTensor& SafetensorsFile::at(std::string_view name) const {
  const StoredTensor* t = find(name);
  if (!t) throw CheckpointError("{}: has no tensor '{}'", path_.string(), name);
  return *t;
}

std::span<const std::byte> SafetensorsFile::bytes(const StoredTensor& t) const {
  const auto all = file_->bytes().substr(size_t(header_->data_begin + t.begin), size_t(t.end - t.begin));
  return std::as_bytes(std::span(all.data(), all.size()));
}

void SafetensorsFile::read_into(std::string_view name, const Array& dst, const TensorBox& box) const {
  const StoredTensor& t = at(name);
  const auto refuse = [&](const std::string& why) {
    throw CheckpointError("{}: tensor '{}': {}", path_.string(), name, why);
  };
  if (!t.type->dtype || !can_convert(*t.type->dtype, dst.dtype())) {
    refuse(fmt::format("its dtype {} cannot be read as {}", t.type->name, name_of(dst.dtype())));
  }
  const bool whole = box.row_begin == 0 && box.row_end < 0 && box.column_begin == 0 && box.column_end < 0;
  GENESIS_CHECK(whole || (!t.shape.empty() && t.shape.size() <= 2), "a box of tensor '", name, "' of shape ",
                to_string(t.shape));

  Shape wanted = t.shape;  // the box's shape
  const int64_t columns = t.shape.size() < 2 ? 1 : numel_of(Shape(t.shape.begin() + 1, t.shape.end()));
  int64_t column_begin = 0, column_count = columns;
  if (!whole) {
    wanted[0] = (box.row_end < 0 ? t.shape[0] : box.row_end) - box.row_begin;
    if (t.shape.size() == 2) {
      column_begin = box.column_begin;
      column_count = wanted[1] = (box.column_end < 0 ? t.shape[1] : box.column_end) - box.column_begin;
    }
    if (box.row_begin < 0 || wanted[0] < 0 || box.row_begin + wanted[0] > t.shape[0] || column_begin < 0 ||
        column_count < 0 || column_begin + column_count > columns) {
      refuse(fmt::format("rows [{}, {}) and columns [{}, {}) are not inside shape {}", box.row_begin,
                         box.row_end, box.column_begin, box.column_end, to_string(t.shape)));
    }
  }
  if (wanted != dst.shape()) {
    refuse(fmt::format("its shape {} does not fit {}", to_string(wanted), to_string(dst.shape())));
  }
  if (dst.numel() == 0) return;
  if (dst.device() != Device::cpu) {
    const Array host = Array::empty(dst.shape(), dst.dtype());
    read_into(name, host, box);
    copy_across(host, dst);
    dst.storage().bump_version();
    return;
  }

  const DType from = *t.type->dtype;
  const std::byte* source = bytes(t).data();
  if (dst.is_contiguous() && column_count == columns) {
    read_rows(t, box.row_begin * columns, dst);
  } else {
    GENESIS_CHECK(dst.ndim() == 2 && dst.strides()[1] == 1, "read_into needs rows that are contiguous");
    for (int64_t r = 0; r < dst.dim(0); ++r) {
      const int64_t at_value = (box.row_begin + r) * columns + column_begin;
      convert_values(source + at_value * size_of(from), from,
                     static_cast<char*>(dst.raw()) + r * dst.strides()[0] * size_of(dst.dtype()), dst.dtype(),
                     column_count);
    }
  }
  dst.storage().bump_version();
}

void SafetensorsFile::read_rows(const StoredTensor& t, int64_t first, const Array& dst) const {
  const DType from = *t.type->dtype, to = dst.dtype();
  const int64_t begin = header_->data_begin + t.begin + first * size_of(from);
  const int64_t n = dst.numel();
  prefer_large_pages(dst.raw(), dst.nbytes());  // filled for the first time: a fault a page
  std::exception_ptr failure;
  std::mutex mutex;
  // Threads take the next block each: the file is read from front to end, as a disk likes it.
  parallel_chunks(n, kBlock, [&](int64_t i, int64_t end) {
    try {
      static thread_local std::vector<char> buffer;  // [kBlock]
      buffer.resize(from == to ? 0 : size_t(kBlock * size_of(from)));
      char* target = static_cast<char*>(dst.raw()) + i * size_of(to);
      char* read = from == to ? target : buffer.data();
      file_->read_at(begin + i * size_of(from), read, (end - i) * size_of(from));
      if (from != to) convert_values(read, from, target, to, end - i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

Array SafetensorsFile::read(std::string_view name) const {
  const StoredTensor& t = at(name);
  if (!t.type->dtype) {
    throw CheckpointError("{}: tensor '{}': dtype {} is not one Genesis computes with", path_.string(), name,
                          t.type->name);
  }
  Array a = Array::empty(t.shape, *t.type->dtype);
  read_into(name, a);
  return a;
}

}  // namespace genesis::models
