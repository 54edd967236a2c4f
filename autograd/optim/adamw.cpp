#include "autograd/optim/adamw.h"

#include <algorithm>
#include <map>

#include "kernels/accumulate.h"
#include "kernels/adamw.h"
#include "kernels/core/cuda/host_window.h"
#include "kernels/core/run.h"

namespace genesis::optim {
namespace {

constexpr int64_t kOffloadedElements = int64_t{16} << 20;  // of a moment that pass at a time

std::vector<AdamWPiece> whole_pieces(const std::vector<Tensor>& parameters) {
  std::vector<AdamWPiece> pieces;
  for (size_t i = 0; i < parameters.size(); ++i) {
    pieces.emplace_back();
    pieces.back().parameter = i;
    pieces.back().end = parameters[i].numel();
  }
  return pieces;
}

Array flat_slice(const Array& a, int64_t begin, int64_t end) {
  return a.view({a.numel()}).slice(0, begin, end);
}

}  // namespace

AdamW::AdamW(std::vector<Tensor> parameters, AdamWOptions options)
    : AdamW(parameters, options, whole_pieces(parameters)) {
  whole_ = true;
}

AdamW::AdamW(std::vector<Tensor> parameters, AdamWOptions options, std::vector<AdamWPiece> pieces)
    : parameters_(std::move(parameters)), options_(options), pieces_(std::move(pieces)) {
  for (const Tensor& p : parameters_) {
    GENESIS_CHECK(p.is_leaf() && p.requires_grad(), "AdamW updates leaves that require a gradient");
    decays_.push_back(options_.decay_on == DecayOn::all || p.ndim() == 2);
  }
  for (AdamWPiece& piece : pieces_) {
    const Tensor& p = parameters_.at(piece.parameter);
    GENESIS_CHECK(0 <= piece.begin && piece.begin <= piece.end && piece.end <= p.numel(), "elements [",
                  piece.begin, ", ", piece.end, ") of parameter ", piece.parameter, ", which has ",
                  p.numel());
    piece.master = piece.weight.defined();
    if (!piece.master) piece.weight = flat_slice(p.value(), piece.begin, piece.end);
  }
  make_moments();
}

/// One block of zeros a dtype and moment, cut up: small pieces cost no memory of their own.
void AdamW::make_moments() {
  MemoryScope scope(MemoryCategory::optimizer);
  std::map<DType, int64_t> counts;
  for (const AdamWPiece& p : pieces_) counts[p.weight.dtype()] += p.count();
  const Device device = pieces_.empty() ? Device::cpu : pieces_.front().weight.device();
  const bool offloaded = options_.offload_moments && device == Device::cuda;
  if (offloaded)
    window_ = std::make_shared<cuda::HostWindow>(2 * kOffloadedElements * int64_t(sizeof(float)));
  for (const auto& [dtype, count] : counts) {
    const auto zeros = [&] {
      return offloaded ? cuda::pinned_zeros({count}, dtype) : Array::zeros({count}, dtype, device);
    };
    const Array m = zeros(), v = zeros();
    int64_t at = 0;
    for (AdamWPiece& p : pieces_) {
      if (p.weight.dtype() != dtype) continue;
      p.m = m.slice(0, at, at + p.count());
      p.v = v.slice(0, at, at + p.count());
      at += p.count();
    }
  }
}

void AdamW::step(double grad_scale, const Array& decision) {
  begin_step();
  update(0, pieces_.size(), grad_scale, decision);
}

void AdamW::update(size_t first_piece, size_t last_piece, double grad_scale, const Array& decision) {
  kernels::AdamW update{.tensors = {},
                        .lr = options_.lr,
                        .beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .eps = options_.eps,
                        .weight_decay = options_.weight_decay,
                        .step = steps_,
                        .grad_scale = grad_scale,
                        .decision = decision,
                        .rounding = {options_.rounding_seed, uint64_t(steps_)}};
  if (window_) {
    update_through_window(update, first_piece, last_piece);
  } else {
    for (size_t i = first_piece; i < last_piece; ++i)
      if (parameters_[pieces_[i].parameter].grad().defined())
        update.tensors.push_back(tensor_of(i, 0, pieces_[i].count()));
    if (!update.tensors.empty()) kernels::run(update);
  }
  publish(first_piece, last_piece);
}

/// Elements [begin, end) of a piece.
kernels::AdamWTensor AdamW::tensor_of(size_t index, int64_t begin, int64_t end) const {
  const AdamWPiece& piece = pieces_[index];
  return {.param = piece.weight.slice(0, begin, end),
          .grad = flat_slice(parameters_[piece.parameter].grad(), piece.begin + begin, piece.begin + end),
          .m = piece.m.slice(0, begin, end),
          .v = piece.v.slice(0, begin, end),
          .decay = decays_[piece.parameter],
          .id = piece.parameter,
          .first_element = uint64_t(piece.begin + begin)};
}

void AdamW::update_through_window(kernels::AdamW& update, size_t first_piece, size_t last_piece) {
  std::vector<cuda::HostWindow::Group> groups;
  std::vector<kernels::AdamWTensor> tensors;
  for (size_t i = first_piece; i < last_piece; ++i) {
    if (!parameters_[pieces_[i].parameter].grad().defined()) continue;
    for (int64_t begin = 0; begin < pieces_[i].count(); begin += kOffloadedElements) {
      tensors.push_back(tensor_of(i, begin, std::min(pieces_[i].count(), begin + kOffloadedElements)));
      groups.push_back({tensors.back().m, tensors.back().v});
    }
  }
  window_->pass(groups, [&](size_t i, const cuda::HostWindow::Group& on_card) {
    update.tensors = {tensors[i]};
    update.tensors[0].m = on_card[0];
    update.tensors[0].v = on_card[1];
    kernels::run(update);
  });
}

const std::vector<AdamWPiece>& AdamW::pieces() const {
  if (window_) window_->wait();
  return pieces_;
}

void AdamW::publish(size_t first_piece, size_t last_piece) {
  for (size_t i = first_piece; i < last_piece; ++i) {
    const AdamWPiece& piece = pieces_[i];
    if (!piece.master) continue;
    const Array value = parameters_[piece.parameter].value();
    kernels::run(kernels::Accumulate{
        .src = piece.weight, .dst = flat_slice(value, piece.begin, piece.end), .overwrite = true});
    value.storage().bump_version();
  }
}

void AdamW::zero_grad() {
  for (Tensor& p : parameters_) p.zero_grad();
}

Array AdamW::first_moment(size_t i) const {
  GENESIS_CHECK(whole_, "this optimizer holds pieces of the moments; see pieces()");
  return pieces()[i].m.view(parameters_[i].shape());
}

Array AdamW::second_moment(size_t i) const {
  GENESIS_CHECK(whole_, "this optimizer holds pieces of the moments; see pieces()");
  return pieces()[i].v.view(parameters_[i].shape());
}

}  // namespace genesis::optim
