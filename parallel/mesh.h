#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parallel/communicator.h"

namespace genesis::parallel {

/// How the ranks of a job are laid out.
struct MeshLayout {
  int tensor_parallel = 1;  ///< ranks that share one copy of the model
  /// World ranks in mesh order: rank order[d * tensor_parallel + t] is at (dp d, tp t). Empty: 0, 1, 2, …, so
  /// that the ranks of one copy of the model are neighbours: on one node, as launchers number ranks.
  std::vector<int> order;

  /// "tp" (as empty), "dp" (neighbours share data-parallel groups), or every rank once: "0,2,1,3".
  /// Errors: ConfigError saying what is wrong with the text, with both sizes.
  static std::vector<int> parse_order(const std::string& text, int ranks, int tensor_parallel);
};

/// The ranks of a job as a grid dp x tp.
///   Ranks of one tp group hold the parts of one copy of the model and see the same samples; ranks of one dp
///   group hold the same part and see different samples.
/// Groups are made once, by splitting the world; a group of one makes no calls. With tensor_parallel = 1 and
/// ranks in order, dp() is the world itself. Collective over the world. `world` outlives this object.
/// Errors: ConfigError when the world is no multiple of tensor_parallel, or `order` does not name every rank
/// once.
class Mesh {
 public:
  explicit Mesh(Communicator& world, const MeshLayout& layout = {});
  /// Destroyed by an exception, it waits for no call that is still pending: other ranks may never come.
  ~Mesh();
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  Communicator& world() const { return world_; }
  Communicator& dp() const { return *dp_; }
  Communicator& tp() const { return *tp_; }

 private:
  Communicator& world_;
  std::unique_ptr<Communicator> own_dp_, own_tp_;
  Communicator *dp_ = nullptr, *tp_ = nullptr;
  int exceptions_at_start_ = 0;
};

}  // namespace genesis::parallel
