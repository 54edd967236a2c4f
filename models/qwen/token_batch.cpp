#include "models/qwen/token_batch.h"

#include <algorithm>
namespace genesis::models {
namespace {

TokenBatch flat(std::vector<int32_t> ids, const std::vector<int64_t>& lengths) {
  std::vector<int32_t> positions, bounds{0};
  positions.reserve(ids.size());
  for (const int64_t n : lengths) {
    for (int64_t i = 0; i < n; ++i) positions.push_back(int32_t(i));
    bounds.push_back(int32_t(positions.size()));
  }
  const auto n = int64_t(ids.size()), texts = int64_t(bounds.size());
  return {Array::from(ids, {n}), Array::from(positions, {n}), Array::from(bounds, {texts}), {}};
}

}  // namespace

int64_t TokenBatch::length(int64_t text) const {
  const int32_t* bounds = cu_seqlens.data<int32_t>();
  return bounds[text + 1] - bounds[text];
}

TokenBatch TokenBatch::from_texts(const std::vector<std::vector<int32_t>>& texts) {
  std::vector<int32_t> ids;
  std::vector<int64_t> lengths;
  for (const auto& t : texts) {
    ids.insert(ids.end(), t.begin(), t.end());
    lengths.push_back(int64_t(t.size()));
  }
  return flat(std::move(ids), lengths);
}

TokenBatch TokenBatch::from(const data::Batch& b) {
  return {Array::from(b.input_ids, {b.tokens()}), Array::from(b.position_ids, {b.tokens()}),
          Array::from(b.cu_seqlens, {int64_t(b.cu_seqlens.size())}), b.samples};
}

TokenBatch TokenBatch::from_rows(const Tensor& input_ids, int64_t vocab_size) {
  GENESIS_CHECK(input_ids.ndim() == 2, "input_ids has shape ", to_string(input_ids.shape()),
                ", expected [batch, length]");
  const auto values = input_ids.tolist<int64_t>();
  std::vector<int32_t> ids(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    GENESIS_CHECK(values[i] >= 0 && values[i] < vocab_size, "input_ids[", i, "] is ", values[i],
                  ", outside the vocabulary of ", vocab_size);
    ids[i] = int32_t(values[i]);
  }
  return flat(std::move(ids), std::vector<int64_t>(size_t(input_ids.size(0)), input_ids.size(1)));
}

TokenBatch TokenBatch::padded_to_multiple(int64_t multiple) const {
  const int64_t n = tokens(), more = (multiple - n % multiple) % multiple;
  if (more == 0) return *this;
  auto extended = [](const Array& a, int64_t count) {
    Array longer = Array::zeros({a.numel() + count}, DType::i32);
    std::copy_n(a.data<int32_t>(), a.numel(), longer.data<int32_t>());
    return longer;
  };
  TokenBatch padded{extended(input_ids, more), extended(position_ids, more), extended(cu_seqlens, 1),
                    samples};
  for (int64_t i = 0; i < more; ++i) padded.position_ids.data<int32_t>()[n + i] = int32_t(i);
  padded.cu_seqlens.data<int32_t>()[texts() + 1] = int32_t(n + more);
  if (!samples.empty()) padded.samples.push_back(-1);
  return padded;
}

}  // namespace genesis::models
