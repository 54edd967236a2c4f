#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "parallel/agreement.h"

namespace genesis::trainer {

/// A tensor that must hold the same bytes on every rank of a group.
struct Replica {
  std::string name;
  Array value;
};

/// Compares digests of all replicas over the group: a bit that flipped in one rank's memory is found.
///   Three ranks or more vote: the minority is named. Two can only say that they differ.
/// Cost: one pass over the bytes and an all_gather of 8 bytes a tensor. Collective.
/// Errors: NumericsError on every rank, naming step, tensor, the odd ranks, and both digests.
void check_replicas(int64_t step, std::span<const Replica> replicas, parallel::Communicator& group);

/// The ranks whose value is not the one most ranks have; empty when all agree. With no majority (a tie) all
/// ranks but those that agree with rank 0.
std::vector<int> odd_ranks(std::span<const uint64_t> digests);

}  // namespace genesis::trainer
