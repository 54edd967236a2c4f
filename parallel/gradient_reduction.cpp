#include "parallel/gradient_reduction.h"

#include <algorithm>

#include "kernels/accumulate.h"

namespace genesis::parallel {
namespace {

bool travels_narrow(const BucketShape& bucket, DType dtype) {
  return bucket.gradient == DType::f32 && dtype != DType::f32;
}

void convert(const Array& from, const Array& to) {
  kernels::run(kernels::Accumulate{.src = from, .dst = to, .overwrite = true});
}

}  // namespace

GradientReduction::GradientReduction(Communicator& group, std::vector<BucketShape> buckets,
                                     std::vector<Array> flats, GradientReductionOptions options)
    : group_(group),
      buckets_(std::move(buckets)),
      flats_(std::move(flats)),
      options_(options),
      pending_(buckets_.size()) {
  GENESIS_CHECK(options_.dtype == DType::f32 || options_.dtype == DType::bf16, "gradients travel in f32 or ",
                "bf16, not ", name_of(options_.dtype));
  int64_t longest = 0;
  for (size_t b = 0; b < buckets_.size(); ++b)
    if (is_staged(b)) longest = std::max(longest, buckets_[b].count);
  if (longest == 0 || group_.size() == 1) return;
  MemoryScope scope(MemoryCategory::workspace);
  for (size_t i = 0; i < std::min(kStages, buckets_.size()); ++i)
    stages_.push_back(group_.shared_buffer({longest}, options_.dtype, flats_.front().device()));
}

bool GradientReduction::is_staged(size_t bucket) const {
  return travels_narrow(buckets_[bucket], options_.dtype);
}

Array GradientReduction::own_slice(const Array& flat) const {
  const int64_t each = flat.numel() / group_.size();
  return flat.slice(0, group_.rank() * each, (group_.rank() + 1) * each);
}

void GradientReduction::start_next() {
  if (is_staged(started_) && started_ - finished_ >= stages_.size()) finish_next();
  start(started_++);
}

void GradientReduction::start(size_t bucket) {
  Array flat = flats_[bucket];
  if (is_staged(bucket)) {
    const Array stage = stages_[bucket % stages_.size()].slice(0, 0, flat.numel());
    convert(flat, stage);
    flat = stage;
  }
  pending_[bucket] = options_.scatter ? group_.reduce_scatter_async(flat, own_slice(flat), options_.op)
                                      : group_.all_reduce_async(flat, options_.op);
}

void GradientReduction::finish_next() {
  const size_t b = finished_++;
  pending_[b].wait();
  pending_[b] = {};
  if (!is_staged(b)) return;
  const Array stage = stages_[b % stages_.size()].slice(0, 0, flats_[b].numel());
  if (options_.scatter) {
    convert(own_slice(stage), own_slice(flats_[b]));
  } else {
    convert(stage, flats_[b]);
  }
}

void GradientReduction::finish() {
  while (finished_ < started_) finish_next();
  started_ = finished_ = 0;
}

int64_t GradientReduction::logged_bytes(const std::vector<BucketShape>& buckets, int ranks,
                                        const GradientReductionOptions& options) {
  if (ranks == 1) return 0;
  int64_t bytes = 0;
  for (const BucketShape& b : buckets) {
    const DType dtype = travels_narrow(b, options.dtype) ? options.dtype : b.gradient;
    bytes += b.count / (options.scatter ? ranks : 1) * size_of(dtype);
  }
  return bytes;
}

}  // namespace genesis::parallel
