#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tensor.h"
#include "parallel/communicator.h"

namespace genesis::parallel {

/// A 64-bit digest of bytes: equal bytes give equal digests on every rank, for any number of threads. Not
/// cryptographic: it finds accidents, not forgeries.
uint64_t digest_bytes(const void* data, int64_t bytes);

/// The same of an array's values, wherever they are.
uint64_t digest_values(const Array& values);

/// Something every rank must have alike, by name.
using NamedDigest = std::pair<std::string, uint64_t>;

/// Errors: genesis::Error on every rank, naming the first item that differs, the first rank whose digest is
/// not rank 0's, and both digests. Collective.
void require_same_everywhere(Communicator& group, const std::vector<NamedDigest>& items);

/// The same for the values of parameters .
void require_same_parameters(Communicator& group,
                             const std::vector<std::pair<std::string, Tensor>>& parameters);

/// Whether any rank says yes. Collective: ranks never decide alone.
bool any_rank(Communicator& group, bool yes);

}  // namespace genesis::parallel
