#include "trainer/checkpoint/box_copy.h"

#include <algorithm>
#include <cstring>

#include "kernels/core/parallel_for.h"

namespace genesis::trainer {

void add_copy_runs(std::vector<CopyRun>& runs, const Array& values, const Box& box, std::byte* whole,
                   const Box& outer) {
  GENESIS_CHECK(values.device() == Device::cpu && values.shape() == box.extent, "values of shape ",
                to_string(values.shape()), " on ", name_of(values.device()), " for a box of ",
                to_string(box.extent));
  if (box.numel() == 0) return;
  const int64_t size = size_of(values.dtype());
  const auto* from = static_cast<const std::byte*>(values.raw());
  if (box.extent.size() < 2) {
    const int64_t at = box.extent.empty() ? 0 : box.start[0] - outer.start[0];
    GENESIS_CHECK(values.is_contiguous(), "a vector's part is contiguous");
    runs.push_back({from, whole + at * size, values.nbytes()});
    return;
  }
  GENESIS_CHECK(box.extent.size() == 2 && values.strides()[1] == 1, "a matrix's part has contiguous rows");
  const int64_t row = values.strides()[0] * size, outer_row = outer.extent[1] * size,
                width = box.extent[1] * size;
  std::byte* to =
      whole + (box.start[0] - outer.start[0]) * outer_row + (box.start[1] - outer.start[1]) * size;
  if (row == outer_row && width == row) {
    runs.push_back({from, to, width * box.extent[0]});
    return;
  }
  for (int64_t r = 0; r < box.extent[0]; ++r) runs.push_back({from + r * row, to + r * outer_row, width});
}

void copy_all(const std::vector<CopyRun>& runs) {
  std::vector<int64_t> end_of;  // [runs] bytes up to and with each run
  int64_t total = 0;
  for (const CopyRun& r : runs) end_of.push_back(total += r.bytes);
  parallel_for(total, int64_t{1} << 20, [&](int64_t begin, int64_t end) {
    size_t i = size_t(std::upper_bound(end_of.begin(), end_of.end(), begin) - end_of.begin());
    for (; begin < end; ++i) {
      const int64_t skip = begin - (end_of[i] - runs[i].bytes), n = std::min(end, end_of[i]) - begin;
      std::memcpy(runs[i].to + skip, runs[i].from + skip, size_t(n));
      begin += n;
    }
  });
}

}  // namespace genesis::trainer
