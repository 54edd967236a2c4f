#include "parallel/mesh.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <numeric>

#include "parallel/local_group.h"

namespace genesis::parallel {
namespace {

void check_world(int ranks, int tensor_parallel) {
  if (tensor_parallel < 1 || ranks % tensor_parallel != 0)
    throw ConfigError("tensor_parallel_size is {}: {} ranks cannot be shared out in copies of that many",
                      tensor_parallel, ranks);
}

void check_order(const std::vector<int>& order, int ranks) {
  if (order.size() != size_t(ranks))
    throw ConfigError("the mesh order names {} ranks, the job has {}", order.size(), ranks);
  std::vector<bool> seen(size_t(ranks), false);
  for (const int rank : order) {
    if (rank < 0 || rank >= ranks)
      throw ConfigError("the mesh order names rank {}, the job has ranks 0 to {}", rank, ranks - 1);
    if (seen[size_t(rank)]) throw ConfigError("the mesh order names rank {} twice", rank);
    seen[size_t(rank)] = true;
  }
}

std::vector<int> parse_ranks(const std::string& text) {
  std::vector<int> order;
  const char *at = text.data(), *end = text.data() + text.size();
  while (true) {
    while (at != end && *at == ' ') ++at;
    int rank = 0;
    const auto [stop, error] = std::from_chars(at, end, rank);
    if (error != std::errc() || (stop != end && *stop != ','))
      throw ConfigError("mesh order '{}' is neither tp nor dp nor a list of ranks such as 0,2,1,3", text);
    order.push_back(rank);
    if (stop == end) return order;
    at = stop + 1;
  }
}

}  // namespace

std::vector<int> MeshLayout::parse_order(const std::string& text, int ranks, int tensor_parallel) {
  check_world(ranks, tensor_parallel);
  if (text.empty() || text == "tp") return {};
  if (text != "dp") {
    auto order = parse_ranks(text);
    check_order(order, ranks);
    return order;
  }
  std::vector<int> order;
  const int dp = ranks / tensor_parallel;
  for (int d = 0; d < dp; ++d)
    for (int t = 0; t < tensor_parallel; ++t) order.push_back(t * dp + d);
  return order;
}

Mesh::~Mesh() {
  if (std::uncaught_exceptions() <= exceptions_at_start_) return;
  for (auto* group : {&own_dp_, &own_tp_})
    if (*group && (*group)->size() > 1 && !(*group)->abandon()) static_cast<void>(group->release());
}

Mesh::Mesh(Communicator& world, const MeshLayout& layout)
    : world_(world), exceptions_at_start_(std::uncaught_exceptions()) {
  const int ranks = world.size(), tp = layout.tensor_parallel;
  check_world(ranks, tp);
  std::vector<int> order = layout.order;
  if (order.empty()) {
    order.resize(size_t(ranks));
    std::iota(order.begin(), order.end(), 0);
  }
  check_order(order, ranks);
  const int64_t place = std::find(order.begin(), order.end(), world.rank()) - order.begin();
  const int64_t d = place / tp, t = place % tp;
  const bool in_order = std::is_sorted(order.begin(), order.end());
  if (tp == 1 && in_order) {
    dp_ = &world;
    own_tp_ = solo_communicator("tp");
  } else {
    own_tp_ = world.split(d, t, "tp");
    own_dp_ = world.split(t, d, "dp");
    dp_ = own_dp_.get();
  }
  tp_ = own_tp_.get();
}

}  // namespace genesis::parallel
