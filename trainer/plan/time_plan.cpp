#include "trainer/plan/time_plan.h"

#include <algorithm>

#include "trainer/plan/memory_plan.h"

namespace genesis::trainer {
namespace {

// Elementwise work reads and writes what a layer saves about three times over forward and backward
// (7B at 2k tokens: 13.5 MB a token).
constexpr double kPassesOverSaved = 3.2;
constexpr double kBusBytes = 50e9;       // PCIe 5 x16, one direction; both are used at once
constexpr double kAttentionShare = 0.6;  // of the matrix rate that attention reaches

double matrix_parameters(const models::QwenConfig& m) {
  const double q = double(m.n_head * m.head_dim), kv = double(m.n_kv_head * m.head_dim);
  const double layer = double(m.n_embd) * (2 * q + 2 * kv + 3 * double(m.intermediate_size));
  return double(m.n_layer) * layer;
}
double head_parameters(const models::QwenConfig& m) { return double(m.vocab_size) * double(m.n_embd); }
double attention_flops(const PlanInput& in) {
  const auto& m = in.model;
  return 6.0 * double(m.n_layer) * double(m.n_head * m.head_dim) * double(in.row_tokens);
}

/// Seconds of a step's products that exchanges of activations hide under.
struct HidingProducts {
  double beside = 0, weight_gradients = 0;
};

/// Of the blocks' products forward takes two of six parts, backward two for dx and two for dW; recomputation
/// two more. Rows are exchanged beside forward's and, with sequence parallelism, beside dx of the row layers;
/// beneath dW of the column layers go the sums of their dx, under that dx itself another gather.
HidingProducts hiding_products(const PlanInput& in, double products, double again) {
  const auto& m = in.model;
  const double q = double(m.n_head * m.head_dim), kv = double(m.n_kv_head * m.head_dim),
               f = double(m.intermediate_size);
  const double columns = (q + 2 * kv + 2 * f) / (2 * q + 2 * kv + 3 * f), blocks = matrix_parameters(m);
  const double part = products * blocks / ((6 + 2 * again) * blocks + 6 * head_parameters(m));
  const bool rows = in.sequence_parallel;
  const double forward = rows ? 1 : 1 - columns;
  return {.beside = part * (2 * (1 + again) * forward + (rows ? 2 * (1 - columns) : 0)),
          .weight_gradients = part * (rows ? 4 : 2) * columns};
}

}  // namespace

double flops_of_token(const PlanInput& in) {
  return 6 * (matrix_parameters(in.model) + head_parameters(in.model)) + attention_flops(in);
}

double seconds_of(const PlannedCall& call, const PlanInput& in, const Machine& m) {
  const bool tp = call.group == "tp" || call.group == "kv", world = call.group == "world";
  const double n = world ? in.ranks : tp ? in.tensor_parallel : in.data_parallel();
  // Neighbours share a copy of the model: a dp group spans nodes as soon as the run does.
  const bool crosses = tp ? in.tensor_parallel > m.ranks_per_node : in.ranks > m.ranks_per_node;
  const double bandwidth = crosses ? m.network_bytes_per_s : m.link_bytes_per_s;
  const double hop = crosses ? m.network_hop_s : m.link_hop_s;
  const bool twice = call.collective == parallel::Collective::all_reduce;
  const double whole = double(call.count) * size_of(call.dtype) * (twice ? 1 : n);
  const double rounds = twice ? 2 : 1;
  // A tree, or a ring within nodes and between them: no more than the logarithm of hops counts beyond a node.
  const double inside = std::min<double>(n, m.ranks_per_node), outside = crosses ? n / inside : 1;
  const double hops = (inside - 1) + (outside > 1 ? std::min(outside - 1, 16.0) : 0);
  const double calls = double(call.calls);
  return double(call.times) *
         (rounds * (calls * hops * hop + (n - 1) / n * whole / bandwidth) + calls * m.call_s);
}

TimePlan plan_time(const PlanInput& in, const Machine& m) {
  const double tokens = double(in.tokens() * in.forward_passes()), t = in.tensor_parallel;
  const double rate = m.flops(in.precision);
  const double layers = double(in.model.n_layer), f = double(in.model.intermediate_size);
  const auto share = [&](models::Recompute what) {
    double blocks = 0;
    for (int64_t l = 0; l < in.model.n_layer; ++l) blocks += in.recompute(l) == what;
    return blocks / layers;
  };
  const double again = share(models::Recompute::block), fed = share(models::Recompute::feed_forward);
  TimePlan plan;
  const double blocks = matrix_parameters(in.model) / t, head = head_parameters(in.model) / t;
  const double products_again = 2 * again * blocks + fed * 2 * layers * 2 * f * double(in.model.n_embd) / t;
  const double attention = attention_flops(in) / t;
  plan.products = tokens * (6 * (blocks + head) + products_again) / rate;
  plan.attention = tokens * attention * (1 + again / 3) / (kAttentionShare * rate);
  plan.recomputed = products_again + again / 3 * attention;
  plan.recomputed /= plan.recomputed + 6 * (blocks + head) + attention;
  const double saved = double(size_of(in.compute_dtype())) * double(in.model.n_layer) *
                       (8.0 * double(in.model.n_embd) + 3.0 * double(in.model.intermediate_size)) / t;
  // Two norms made again: a row read, a row written. The activation: gate and up read, their product written;
  // with them, both written first.
  const double passes = share(models::Recompute::activation), h = double(in.model.n_embd);
  const double gated =
      double(size_of(in.compute_dtype())) * layers *
      ((passes + fed) * 4 * h / (in.sequence_parallel ? t : 1) + (3 * passes + 5 * fed) * f / t);
  plan.elementwise = tokens * (kPassesOverSaved * (1 + 0.33 * again) * saved + gated) / m.memory_bytes_per_s;
  const MemoryPlan memory = plan_memory(in);
  const StateBytes state = optimizer_state(in);
  const bool rounded = in.master_weights == MasterForm::f32;  // a master read and rounded: 6 bytes for 4
  // w, m, v read and written, g read: 28 bytes for 8
  plan.optimizer =
      (3.5 * double(state.moments) + (rounded ? 1.5 : 0) * double(state.masters)) / m.memory_bytes_per_s;
  if (is_offloaded(in))
    plan.optimizer += double(state.moments + state.masters) / kBusBytes;  // both ways at once
  if (in.in_sample_order)
    plan.elementwise += 5.0 * double(memory.at(MemoryCategory::gradients)) / m.memory_bytes_per_s;

  const double pass = (plan.products + plan.attention + plan.elementwise) / double(in.forward_passes());
  const HidingProducts work = hiding_products(in, plan.products, again);
  double reduce = 0, gather = 0, first_gather = 0, last_reduce = 0;
  for (const PlannedCall& call : plan_traffic(in)) {
    const double seconds = seconds_of(call, in, m);
    plan.communication += seconds;
    switch (call.hides) {
      case Hiding::nothing:
        plan.exposed += seconds;
        break;
      case Hiding::backward:
        reduce += seconds;
        last_reduce = seconds / double(call.times);
        break;
      case Hiding::forward:
        gather += seconds;
        if (first_gather == 0) first_gather = seconds / double(call.times);
        break;
      case Hiding::products: {  // one chunk is waited for
        const double chunk = seconds / double(call.chunks), product = work.beside / double(call.chunks);
        plan.exposed += std::max(chunk, seconds - work.beside + product);
        break;
      }
      case Hiding::weight_gradients:
        plan.exposed += std::max(0.0, seconds - work.weight_gradients);
        break;
    }
  }
  // The last bucket is complete when backward ends; the first gather is needed before forward begins.
  plan.exposed += std::max(reduce - pass * 2 / 3, last_reduce);
  plan.exposed += std::max(gather - pass / 3, first_gather);
  return plan;
}

}  // namespace genesis::trainer
