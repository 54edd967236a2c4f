#include "models/qwen/block_recordings.h"

#include "autograd/anomaly.h"
#include "autograd/grad_mode.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/log.h"
#include "kernels/core/profile.h"

namespace genesis::models {
namespace {

constexpr size_t kRemembered = 256;  // numbers of tokens that came by

/// The bytes of a host array are other ones now; what was derived from them follows in its place.
void rewritten(const Array& host) {
  host.storage().bump_version();
  host.storage().refresh_derived();
}

}  // namespace

/// What is recorded for one number of tokens.
struct BlockRecordings::Shape {
  std::shared_ptr<RecordedMemory> memory = RecordedMemory::make();
  std::shared_ptr<ForwardPass> pass;  // positions [N] and bounds [capacity + 1] keep their place
  std::vector<Recorded> blocks;
  int64_t tokens = 0, passes = 0, last_pass = 0;

  Shape(const Blocks& all, const ForwardPass& forward) : tokens(forward.batch.tokens()) {
    pass = std::make_shared<ForwardPass>(
        ForwardPass{.batch = {}, .table = forward.table, .inference = {}, .tracer = {}});
    pass->table.ensure(tokens);  // positions begin at 0 in each document
    pass->batch.position_ids = Array::zeros({tokens}, DType::i32);
    pass->batch.cu_seqlens = Array::zeros({capacity(tokens) + 1}, DType::i32);
    for (const auto& block : all) {
      const auto run = [&block = *block, pass = pass](const std::vector<Tensor>& in) {
        const Residual out = block({in[0], in[1]}, *pass);
        return std::vector<Tensor>{out.x, out.delta};
      };
      blocks.emplace_back(run, block->parameters(), memory);
    }
  }

  /// Documents that are not there are empty.
  void write(const TokenBatch& batch) {
    const Array &positions = pass->batch.position_ids, &bounds = pass->batch.cu_seqlens;
    std::copy_n(batch.position_ids.data<int32_t>(), tokens, positions.data<int32_t>());
    int32_t* to = bounds.data<int32_t>();
    std::fill(std::copy_n(batch.cu_seqlens.data<int32_t>(), batch.texts() + 1, to), to + bounds.numel(),
              int32_t(tokens));
    rewritten(positions);
    rewritten(bounds);
  }
};

BlockRecordings::BlockRecordings(const Blocks& blocks)
    : blocks_(blocks), reserve_([this] {
        if (refused_) return false;
        const bool given_back = forget();
        if (given_back) refuse("the card has no memory for recordings beside the rest");
        return given_back;
      }) {}
BlockRecordings::~BlockRecordings() = default;

Residual BlockRecordings::Pass::block(size_t layer, const Residual& in) const {
  const auto out = shape_->blocks[layer]({in.x, in.delta}, way_, held_);
  return {out[0], out[1]};
}

BlockRecordings::Shape* BlockRecordings::shape_for(int64_t tokens, const ForwardPass& forward) {
  for (const auto& shape : shapes_)
    if (shape->tokens == tokens) return shape.get();
  if (seen_.size() > kRemembered) seen_.clear();
  if (++seen_[tokens] < 2) return nullptr;
  if (shapes_.size() >= kKept) {
    const auto oldest = std::min_element(shapes_.begin(), shapes_.end(), [](const auto& a, const auto& b) {
      return a->last_pass < b->last_pass;
    });
    if (passes_ - (*oldest)->last_pass <= kIdlePasses) return nullptr;
    cuda::synchronize();  // it may still run: the host is ahead
    shapes_.erase(oldest);
  }
  shapes_.push_back(std::make_shared<Shape>(blocks_, forward));
  return shapes_.back().get();
}

/// Looks at how the passes before went; whether there may be more. Starts over where parameters have moved.
bool BlockRecordings::may_record() {
  bool is_stale = false;
  for (const auto& shape : shapes_)
    for (const Recorded& block : shape->blocks) {
      is_stale = is_stale || block.is_stale();
      if (block.refusal().empty()) continue;
      const std::string why = block.refusal();
      (void)forget();
      refuse(why);
      return false;
    }
  if (!is_stale) return true;
  (void)forget();
  if (++restarts_ > kRestarts) refuse("the parameters move from pass to pass");
  return !refused_;
}

std::unique_ptr<const BlockRecordings::Pass> BlockRecordings::begin(const ForwardPass& forward) {
  ++passes_;
  const TokenBatch& batch = forward.batch;
  if (refused_ || !autograd::grad_enabled || autograd::anomaly_enabled() || profiling() ||
      cuda::launch_blocking() || forward.tracer.value || forward.inference || !under_way_.expired())
    return nullptr;
  if (batch.tokens() == 0 || batch.texts() > capacity(batch.tokens())) return nullptr;
  if (!may_record()) return nullptr;
  Shape* shape = shape_for(batch.tokens(), forward);
  if (!shape) return nullptr;
  current_ = shape;
  shape->last_pass = passes_;
  shape->write(batch);
  auto pass = std::make_unique<Pass>();
  for (const auto& kept : shapes_)
    if (kept.get() == shape) pass->shape_ = kept;
  pass->held_ = std::make_shared<int>();
  under_way_ = pass->held_;
  pass->way_ = shape->passes++ == 0 ? Recorded::Way::eager : Recorded::Way::replay;
  return pass;
}

int64_t BlockRecordings::forward_replays() const {
  int64_t sum = 0;
  for (const auto& shape : shapes_)
    for (const Recorded& block : shape->blocks) sum += block.forward_replays();
  return sum;
}

int64_t BlockRecordings::backward_replays() const {
  int64_t sum = 0;
  for (const auto& shape : shapes_)
    for (const Recorded& block : shape->blocks) sum += block.backward_replays();
  return sum;
}

int64_t BlockRecordings::reserved_bytes() const {
  int64_t sum = 0;
  for (const auto& shape : shapes_) sum += shape->memory->bytes();
  return sum;
}

/// Gives back what recordings hold but for the pass under way; whether there was anything.
bool BlockRecordings::forget() {
  const bool busy = !under_way_.expired();
  const int64_t before = reserved_bytes();
  cuda::synchronize();  // a recording may still run
  shapes_.remove_if([&](const auto& shape) { return !(busy && shape.get() == current_); });
  return reserved_bytes() < before;
}

void BlockRecordings::refuse(const std::string& why) {
  notice("cuda_graphs: blocks run kernel by kernel: {}", why);
  refused_ = true;
}

}  // namespace genesis::models
