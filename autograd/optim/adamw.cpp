#include "autograd/optim/adamw.h"

#include <algorithm>
#include <map>

#include "autograd/node.h"
#include "kernels/accumulate.h"
#include "kernels/adamw.h"
#include "kernels/core/cuda/host_window.h"
#include "kernels/core/run.h"

namespace genesis::optim {
namespace {

constexpr int64_t kWindowSlot = int64_t{128} << 20;  // bytes of state that pass at a time
constexpr int64_t kPartElements = 1024;              // a part has a multiple of it: its arrays stay aligned

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
    piece.weight = flat_slice(p.value(), piece.begin, piece.end);
  }
  make_moments();
}

AdamWPiece AdamWPiece::part(int64_t first, int64_t last) const {
  AdamWPiece p = *this;
  p.begin = begin + first;
  p.end = begin + last;
  for (Array* a : {&p.weight, &p.remainder, &p.m, &p.v})
    if (a->defined()) *a = a->slice(0, first, last);
  return p;
}

/// Zeros where the state lies: in pinned memory when it is offloaded.
Array AdamW::state_array(Shape shape, DType dtype, Device device) const {
  MemoryScope scope(MemoryCategory::optimizer);
  return window_ ? cuda::pinned_zeros(std::move(shape), dtype)
                 : Array::zeros(std::move(shape), dtype, device);
}

/// One block of zeros a dtype and moment, cut up: small pieces cost no memory of their own.
void AdamW::make_moments() {
  std::map<DType, int64_t> counts;
  for (const AdamWPiece& p : pieces_) counts[p.weight.dtype()] += p.count();
  const Device device = pieces_.empty() ? Device::cpu : pieces_.front().weight.device();
  if (options_.offload && device == Device::cuda) window_ = std::make_shared<cuda::HostWindow>(kWindowSlot);
  for (const auto& [dtype, count] : counts) {
    const Array m = state_array({count}, dtype, device), v = state_array({count}, dtype, device);
    int64_t at = 0;
    for (AdamWPiece& p : pieces_) {
      if (p.weight.dtype() != dtype) continue;
      p.m = m.slice(0, at, at + p.count());
      p.v = v.slice(0, at, at + p.count());
      at += p.count();
    }
  }
}

void AdamW::move_value(size_t parameter, const Array& home) {
  const Tensor& p = parameters_.at(parameter);
  const Array from = p.value();
  kernels::run(kernels::Accumulate{
      .src = from.view({from.numel()}), .dst = home.view({home.numel()}), .overwrite = true});
  autograd::bind_value(p, home);
  const bool narrower = home.dtype() != from.dtype();
  GENESIS_CHECK(!narrower || (from.dtype() == DType::f32 && home.dtype() == DType::bf16), "a value in ",
                name_of(from.dtype()), " cannot be kept in ", name_of(home.dtype()));
  keeps_masters_ |= narrower;
  for (AdamWPiece& piece : pieces_) {
    if (piece.parameter != parameter) continue;
    piece.weight = flat_slice(home, piece.begin, piece.end);
    if (narrower) make_master(piece, flat_slice(from, piece.begin, piece.end));
  }
}

void AdamW::make_master(AdamWPiece& piece, const Array& values) {
  const bool split = options_.masters == MasterForm::split;
  if (split) {
    piece.remainder = state_array({piece.count(), 2}, DType::u8, values.device());
  } else {
    piece.weight = state_array({piece.count()}, values.dtype(), values.device());
    piece.master = true;
  }
  pass_by({piece}, [&](const AdamWPiece& part) {
    const Array own = values.slice(0, part.begin - piece.begin, part.end - piece.begin);
    if (split)
      kernels::run(kernels::SplitMaster{.master = own, .into = part.split()});
    else
      kernels::run(kernels::Accumulate{.src = own, .dst = part.weight, .overwrite = true});
  });
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
  std::vector<AdamWPiece> moved;
  for (size_t i = first_piece; i < last_piece; ++i)
    if (parameters_[pieces_[i].parameter].grad().defined()) moved.push_back(pieces_[i]);
  if (moved.empty()) return;
  if (window_) {
    return pass_by(moved, [&](const AdamWPiece& part) {
      update.tensors = {tensor_of(part)};
      kernels::run(update);
      publish(part);
    });
  }
  for (const AdamWPiece& piece : moved) update.tensors.push_back(tensor_of(piece));
  kernels::run(update);
  for (const AdamWPiece& piece : moved) publish(piece);
}

kernels::AdamWTensor AdamW::tensor_of(const AdamWPiece& part) const {
  return {.param = part.weight,
          .grad = flat_slice(parameters_[part.parameter].grad(), part.begin, part.end),
          .m = part.m,
          .v = part.v,
          .decay = decays_[part.parameter],
          .id = part.parameter,
          .first_element = uint64_t(part.begin),
          .remainder = part.remainder};
}

/// Gives `work` the pieces with their state on the parameters' device: whole, or in parts that pass through
/// the window.
void AdamW::pass_by(const std::vector<AdamWPiece>& pieces, const Work& work) const {
  if (!window_) {
    for (const AdamWPiece& piece : pieces) work(piece);
    return;
  }
  // What of a part lies with the host; the rest is the parameter's own memory.
  const auto away = [](AdamWPiece& p) {
    std::vector<Array*> arrays = {&p.m, &p.v};
    if (p.master) arrays.push_back(&p.weight);
    if (p.is_split()) arrays.push_back(&p.remainder);
    return arrays;
  };
  std::vector<AdamWPiece> parts;
  std::vector<cuda::HostWindow::Group> groups;
  for (AdamWPiece piece : pieces) {
    if (piece.count() == 0) continue;
    int64_t bytes = 0;
    for (const Array* a : away(piece)) bytes += a->nbytes() / piece.count();
    const int64_t elements = kWindowSlot / bytes / kPartElements * kPartElements;
    for (int64_t begin = 0; begin < piece.count(); begin += elements) {
      parts.push_back(piece.part(begin, std::min(piece.count(), begin + elements)));
      groups.emplace_back();
      for (const Array* a : away(parts.back())) groups.back().push_back(*a);
    }
  }
  window_->pass(groups, [&](size_t i, const cuda::HostWindow::Group& on_card) {
    AdamWPiece part = parts[i];
    const auto arrays = away(part);
    for (size_t k = 0; k < arrays.size(); ++k) *arrays[k] = on_card[k];
    work(part);
  });
}

const std::vector<AdamWPiece>& AdamW::pieces() const {
  if (window_) window_->wait();
  return pieces_;
}

void AdamW::publish() {
  std::vector<AdamWPiece> masters;
  for (const AdamWPiece& piece : pieces_)
    if (piece.master) masters.push_back(piece);
  pass_by(masters, [&](const AdamWPiece& part) { publish(part); });
}

void AdamW::publish(const AdamWPiece& part) const {
  if (!part.master) return;
  const Array value = parameters_[part.parameter].value();
  kernels::run(kernels::Accumulate{
      .src = part.weight, .dst = flat_slice(value, part.begin, part.end), .overwrite = true});
  value.storage().bump_version();
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
