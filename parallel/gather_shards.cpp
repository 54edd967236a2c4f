#include "parallel/gather_shards.h"

#include "kernels/copy.h"
#include "kernels/core/run.h"

namespace genesis::parallel {
namespace {

Array box(Array a, const Shape& start, const Shape& extent) {
  for (size_t d = 0; d < start.size(); ++d) a = a.slice(int64_t(d), start[d], start[d] + extent[d]);
  return a;
}

/// The same bytes as integers, so that adding zeros changes no bit of a float (a -0 stays one).
Array as_bytes(const Array& a) {
  auto owner = std::make_shared<Array>(a);
  const bool words = a.nbytes() % 4 == 0;
  return Array::borrow(a.raw(), {a.nbytes() / (words ? 4 : 1)}, words ? DType::i32 : DType::u8, owner,
                       a.device());
}

}  // namespace

Array gather_shards(const Array& local, const Shard& shard, Communicator& group) {
  if (group.size() == 1) return local;
  GENESIS_CHECK(local.shape() == shard.local, "gather_shards: an array of shape ", to_string(local.shape()),
                " is not the part of shape ", to_string(shard.local));
  const Array all = Array::zeros(shard.global, local.dtype(), local.device());
  for (const ShardPiece& piece : shard.pieces)
    if (piece.owned)
      kernels::run(kernels::Copy{.src = box(local, piece.local, piece.extent),
                                 .dst = box(all, piece.start, piece.extent)});
  if (all.numel() > 0) group.all_reduce(as_bytes(all));
  return all;
}

}  // namespace genesis::parallel
