#include "trainer/checkpoint/whole_moments.h"

#include <cstring>

namespace genesis::trainer {
namespace {

using Piece = optim::AdamWPiece;

WholeMoments own_moments(const optim::AdamW& optimizer) {
  WholeMoments whole;
  for (size_t i = 0; i < optimizer.parameters().size(); ++i) {
    whole.first.push_back(optimizer.first_moment(i));
    whole.second.push_back(optimizer.second_moment(i));
  }
  return whole;
}

Array elements(const Array& whole, const Piece& p) {
  return whole.view({whole.numel()}).slice(0, p.begin, p.end);
}

void copy(const Array& from, const Array& to) { std::memcpy(to.raw(), from.raw(), size_t(to.nbytes())); }

/// Sums bit patterns: every element is someone's, and zero bits elsewhere.
void put_together(const Array& whole, parallel::Communicator& ranks) {
  const bool half = size_of(whole.dtype()) == 2;
  const int64_t bytes = whole.nbytes();
  if (half || bytes % 4 != 0) {
    ranks.all_reduce(Array::borrow(whole.raw(), {bytes}, DType::u8, std::make_shared<Array>(whole)));
  } else {
    ranks.all_reduce(Array::borrow(whole.raw(), {bytes / 4}, DType::i32, std::make_shared<Array>(whole)));
  }
}

}  // namespace

WholeMoments moments_to_fill(const optim::AdamW& optimizer) {
  if (optimizer.is_whole()) return own_moments(optimizer);
  MemoryScope scope(MemoryCategory::workspace);
  WholeMoments whole;
  const DType narrow = optimizer.pieces().empty() ? DType::f32 : optimizer.pieces().front().m.dtype();
  for (const Tensor& p : optimizer.parameters()) {
    whole.first.push_back(Array::zeros(p.shape(), narrow));
    whole.second.push_back(Array::zeros(p.shape(), narrow));
  }
  return whole;
}

WholeMoments gather_moments(const optim::AdamW& optimizer, parallel::Communicator& ranks) {
  WholeMoments whole = moments_to_fill(optimizer);
  if (optimizer.is_whole()) return whole;
  for (const Piece& p : optimizer.pieces()) {
    copy(p.m, elements(whole.first[p.parameter], p));
    copy(p.v, elements(whole.second[p.parameter], p));
  }
  for (const auto* moments : {&whole.first, &whole.second})
    for (const Array& a : *moments) put_together(a, ranks);
  if (ranks.rank() != 0) return {};
  return whole;
}

void scatter_moments(const WholeMoments& whole, const optim::AdamW& optimizer) {
  if (optimizer.is_whole()) return;
  for (const Piece& p : optimizer.pieces()) {
    copy(elements(whole.first[p.parameter], p), p.m);
    copy(elements(whole.second[p.parameter], p), p.v);
  }
}

}  // namespace genesis::trainer
