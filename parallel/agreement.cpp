#include "parallel/agreement.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/copy.h"
#include "kernels/core/parallel_for.h"
#include "kernels/core/transfer.h"

namespace genesis::parallel {
namespace {

constexpr int64_t kChunk = int64_t{1}
                           << 20;  // bytes; fixed, so that the digest does not depend on the threads

uint64_t mix(uint64_t h) {  // SplitMix64's finaliser
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
  return h ^ (h >> 31);
}

uint64_t digest_chunk(const std::byte* p, int64_t bytes) {
  // Four lanes: one multiply chain alone would wait for itself.
  uint64_t lanes[4] = {1, 2, 3, 4};
  const auto take = [](uint64_t& lane, uint64_t word) {
    lane = (lane ^ word) * 0x9E3779B97F4A7C15u;
    lane ^= lane >> 32;  // the product's high bits alone know of all below them
  };
  int64_t at = 0;
  for (; at + 32 <= bytes; at += 32) {
    uint64_t words[4];
    std::memcpy(words, p + at, 32);
    for (int i = 0; i < 4; ++i) take(lanes[i], words[i]);
  }
  for (; at < bytes; ++at) take(lanes[at % 4], uint64_t(p[at]) + 0x100);
  uint64_t h = uint64_t(bytes);
  for (uint64_t lane : lanes) h = mix(h ^ lane);
  return h;
}

}  // namespace

uint64_t digest_bytes(const void* data, int64_t bytes) {
  const auto* p = static_cast<const std::byte*>(data);
  const int64_t chunks = (bytes + kChunk - 1) / kChunk;
  std::vector<uint64_t> parts(static_cast<size_t>(chunks));  // [chunks]
  parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      parts[size_t(c)] = digest_chunk(p + c * kChunk, std::min(kChunk, bytes - c * kChunk));
    }
  });
  uint64_t h = mix(uint64_t(bytes) + 1);
  for (uint64_t part : parts) h = mix(h ^ part) + 0x9E3779B97F4A7C15u;
  return h;
}

uint64_t digest_values(const Array& values) {
  const Array host = on_device(kernels::contiguous(values), Device::cpu);
  return digest_bytes(host.raw(), host.nbytes());
}

void require_same_everywhere(Communicator& group, const std::vector<NamedDigest>& items) {
  if (group.size() == 1) return;
  const auto count = int64_t(items.size());
  const int64_t most = group.all_reduce_value(count, ReduceOp::max);
  const int64_t least = group.all_reduce_value(count, ReduceOp::min);
  GENESIS_CHECK(most == least, "ranks compare ", least, " to ", most, " items; this rank compares ", count);
  Array own = Array::zeros({count}, DType::i64);
  for (int64_t i = 0; i < count; ++i)
    own.data<int64_t>()[i] = std::bit_cast<int64_t>(items[size_t(i)].second);
  Array all = Array::zeros({group.size(), count}, DType::i64);
  group.all_gather(own, all);
  const int64_t* digests = all.data<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    for (int r = 1; r < group.size(); ++r) {
      const int64_t first = digests[i], other = digests[r * count + i];
      GENESIS_CHECK(first == other, items[size_t(i)].first,
                    " is not the same on all ranks: rank 0 has digest ",
                    fmt::format("{:016x}, rank {} has {:016x}", uint64_t(first), r, uint64_t(other)));
    }
  }
}

void require_same_parameters(Communicator& group,
                             const std::vector<std::pair<std::string, Tensor>>& parameters) {
  if (group.size() == 1) return;
  std::vector<NamedDigest> items;
  for (const auto& [name, p] : parameters) items.emplace_back("parameter " + name, digest_values(p.value()));
  require_same_everywhere(group, items);
}

bool any_rank(Communicator& group, bool yes) {
  return group.all_reduce_value(int64_t{yes}, ReduceOp::max) != 0;
}

}  // namespace genesis::parallel
