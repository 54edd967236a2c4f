#include "trainer/checkpoint/snapshot.h"

#include "kernels/core/cuda/runtime.h"
#include "trainer/checkpoint/box_copy.h"

namespace genesis::trainer {
namespace {

/// The values of a box that this rank holds, whole or inside a larger part.
HeldValues held_values(const HeldTensor& tensor, const Box& box) {
  for (const HeldPart& p : tensor.parts) {
    const auto common = intersection(p.box, box);
    if (!common || *common != box) continue;
    HeldValues values = p.values;
    for (size_t d = 0; d < box.start.size(); ++d) {
      const int64_t first = box.start[d] - p.box.start[d];
      values = values.slice(int64_t(d), first, first + box.extent[d]);
    }
    return values;
  }
  GENESIS_CHECK(false, "this rank does not hold ", box_text(box), " of tensor '", tensor.name, "'");
  return {};
}

/// Copies values that must be read first to their place in the row-major buffer of `outer`.
void read_into(std::byte* whole, const HeldValues& values, const Box& box, const Box& outer) {
  const Array read = values.read();
  std::vector<CopyRun> runs;
  add_copy_runs(runs, read, box, whole, outer);
  copy_all(runs);
}

Array packed(const HeldValues& values, const Box& box) {
  Array out = Array::empty(box.extent, values.dtype());
  read_into(static_cast<std::byte*>(out.raw()), values, box, box);
  return out;
}

}  // namespace

void Snapshot::take(const SavePlan& plan, const std::vector<HeldTensor>& held,
                    parallel::Communicator& ranks) {
  rank_ = ranks.rank();
  MemoryScope scope(MemoryCategory::workspace);
  const int64_t bytes = plan.data_bytes_of(rank_);
  if (!bytes_.defined() || bytes_.numel() != bytes) bytes_ = Array::empty({bytes}, DType::u8);
  std::vector<CopyRun> runs;
  struct Received {
    Array values;
    Box box, outer;
    std::byte* to;
  };
  std::vector<Received> received;
  for (size_t f = 0; f < plan.files.size(); ++f) {
    const bool own = plan.files[f].writer == rank_;
    std::byte* data = own ? const_cast<std::byte*>(data_of(plan, f)) : nullptr;
    for (const PlannedSlice& s : plan.files[f].slices) {
      const HeldTensor& t = held[s.tensor];
      for (const PlannedPart& p : s.parts) {
        if (own && p.source == rank_) {
          const HeldValues values = held_values(t, p.box);
          const Array& plain = values.plain();
          const bool here = plain.defined() && plain.device() == Device::cpu;
          if (here) {
            add_copy_runs(runs, plain, p.box, data + s.offset, s.box);
          } else if (plain.defined() && plain.is_contiguous() && p.box == s.box) {
            cuda::copy_to_host(data + s.offset, plain.raw(), plain.nbytes());
          } else {
            read_into(data + s.offset, values, p.box, s.box);
          }
        } else if (own) {
          received.push_back({Array::empty(p.box.extent, t.dtype), p.box, s.box, data + s.offset});
          ranks.recv(received.back().values, p.source);
        } else if (p.source == rank_) {
          ranks.send(packed(held_values(t, p.box), p.box), plan.files[f].writer);
        }
      }
    }
  }
  for (const Received& r : received) add_copy_runs(runs, r.values, r.box, r.to, r.outer);
  copy_all(runs);
}

const std::byte* Snapshot::data_of(const SavePlan& plan, size_t file) const {
  const auto* at = static_cast<const std::byte*>(bytes_.raw());
  for (size_t f = 0; f < file; ++f)
    if (plan.files[f].writer == rank_) at += plan.files[f].data_bytes;
  return at;
}

}  // namespace genesis::trainer
