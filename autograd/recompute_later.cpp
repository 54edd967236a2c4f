#include "autograd/recompute_later.h"

#include <algorithm>

#include "autograd/node.h"

namespace genesis::autograd {
namespace {

/// All bytes of its storage, seen by somebody else too.
bool is_whole_and_shared(const Array& a) {
  return a.is_contiguous() && a.storage_offset() == 0 && a.nbytes() == a.storage().bytes() &&
         !a.is_only_view();
}

bool saved_by(const Node& node, const Array& a) {
  return std::any_of(node.saved.begin(), node.saved.end(),
                     [&](const SavedArray& s) { return s.array.defined() && s.array.shares_storage(a); });
}

}  // namespace

bool recompute_later(const Tensor& y) {
  if (!y.requires_grad() || y.is_leaf()) return false;
  const std::shared_ptr<Node>& maker = y.impl()->producer;
  const Array& value = y.value();
  if (!maker->remake || maker->released || maker->remade != y.impl()->output || !is_whole_and_shared(value) ||
      saved_by(*maker, value) || value.storage().is_discarded())
    return false;
  GENESIS_CHECK(value.storage().version() == 0, maker->name, ": its output of shape ",
                to_string(value.shape()), " was changed in place; it cannot be made again");
  // Weak: whoever saved y has its maker among its inputs, and a chain of storages must not own the graph.
  value.storage().discard([weak = std::weak_ptr<Node>(maker)](Storage& storage) {
    const std::shared_ptr<Node> maker = weak.lock();
    GENESIS_CHECK(
        maker && !maker->released,
        "backward through a graph of which a part was freed by an earlier backward (retain_graph keeps it)");
    const Array again = maker->remake(Saved(*maker));
    storage.take(again.storage());
  });
  return true;
}

}  // namespace genesis::autograd
