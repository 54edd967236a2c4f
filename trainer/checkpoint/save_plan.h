#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "parallel/communicator.h"
#include "trainer/checkpoint/held_state.h"

namespace genesis::trainer {

/// What all ranks know of a tensor and of the parts each of them holds.
struct TensorHolders {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  bool weight = true;
  std::vector<std::vector<Box>> boxes;  ///< [ranks]
};

/// A box of a slice that `source` copies, or sends to the slice's writer.
struct PlannedPart {
  Box box;
  int source = 0;
};

struct PlannedSlice {
  size_t tensor = 0;
  std::string key;
  Box box;
  int64_t offset = 0;  ///< byte in the file's data
  std::vector<PlannedPart> parts;
};

/// A safetensors file, written by one rank.
struct PlannedFile {
  std::string name;
  int writer = 0;
  std::string head;  ///< length word and header, as written
  int64_t data_bytes = 0;
  std::vector<PlannedSlice> slices;
};

/// Who writes what, the same on every rank.
struct SavePlan {
  std::vector<PlannedFile> files;
  std::string index;  ///< text of model.safetensors.index.json; empty for a single file of weights

  int64_t bytes() const;  ///< of all files, heads included
  int64_t data_bytes_of(int rank) const;
};

struct SavePlanOptions {
  /// Weights are shared out among so many ranks that each writes at least this much: a small model stays one
  /// file. Moments are always shared out among all ranks that hold them.
  int64_t least_weight_bytes = int64_t{64} << 20;
  int64_t most_shard_bytes = 5'000'000'000;  ///< of a file of weights
};

/// Weights are stored whole (their parts travel to the writer when it lacks them); of a moment each distinct
/// part is a slice, which its holders share out. Errors: genesis::Error naming the tensor when the owned
/// parts of all ranks do not tile it. Determinism: a function of its arguments.
SavePlan plan_save(const std::vector<TensorHolders>& tensors, int ranks, const SavePlanOptions& options = {});

/// Tells every rank what each holds and owns. Collective.
std::vector<TensorHolders> gather_holders(const std::vector<HeldTensor>& held, parallel::Communicator& ranks);

}  // namespace genesis::trainer
