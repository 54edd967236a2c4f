#pragma once
#include "parallel/communicator.h"
#include "parallel/shard.h"

namespace genesis::parallel {

/// The global tensor of which every rank of `group` holds the part `shard` (of a value, a gradient or a
/// moment), put together from what each owns: the same bits on every rank. Collective. Types: any.
Array gather_shards(const Array& local, const Shard& shard, Communicator& group);

}  // namespace genesis::parallel
