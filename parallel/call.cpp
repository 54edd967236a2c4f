#include "parallel/call.h"

#include <fmt/core.h>

namespace genesis::parallel {

std::string describe(const Call& call) {
  const std::string what = fmt::format("{} x {}", call.count, name_of(call.dtype));
  switch (call.collective) {
    case Collective::all_reduce:
    case Collective::reduce_scatter:
      return fmt::format("{} {} of {}", name_of(call.collective), name_of(call.reduce), what);
    case Collective::all_gather:
      return fmt::format("all_gather of {}", what);
    case Collective::broadcast:
      return fmt::format("broadcast of {} from rank {}", what, call.peer);
    case Collective::barrier:
      return "barrier";
    case Collective::send:
      return fmt::format("send of {} to rank {}", what, call.peer);
    case Collective::recv:
      return fmt::format("recv of {} from rank {}", what, call.peer);
  }
  return "unknown call";
}

void check_agreement(std::span<const Call> calls) {
  const Call& first = calls[0];
  for (size_t rank = 1; rank < calls.size(); ++rank) {
    const Call& other = calls[rank];
    const bool same = other.collective == first.collective && other.reduce == first.reduce &&
                      other.dtype == first.dtype && other.count == first.count && other.peer == first.peer;
    GENESIS_CHECK(same, "ranks disagree at collective ", first.sequence, ": rank 0 calls ", describe(first),
                  ", rank ", rank, " calls ", describe(other));
  }
}

}  // namespace genesis::parallel
