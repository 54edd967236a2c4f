#include "trainer/train/run_parts.h"

#include "kernels/core/log.h"
#include "kernels/core/profile.h"
#include "trainer/checkpoint/publish.h"
#include "trainer/config/print.h"
#include "trainer/control/start_agreement.h"
#include "trainer/train/device.h"
#include "trainer/train/evaluate.h"
#include "trainer/train/mesh_setup.h"
#include "trainer/train/optimizer_setup.h"
#include "trainer/train/recording_setup.h"
#include "trainer/train/recompute_setup.h"

namespace genesis::trainer {
namespace {

/// Whether nothing needs a step's numbers before its update is made.
bool reads_late(const TrainConfig& c) {
  return c.on_loss_spike == OnLossSpike::warn && !c.debug && !c.anomaly;
}

}  // namespace

RunParts::RunParts(const TrainConfig& c, int threads_of_a_rank, parallel::Communicator& all_ranks)
    : config(c),
      threads(threads_of_a_rank),
      ranks(all_ranks),
      control(c, ranks),
      device(find_device(c)),
      precision(precision_plan(c.precision, device)),
      source(find_model(c)),
      mesh(ranks, mesh_layout(c, source.config, ranks.size())),
      tokenizer(load_tokenizer(source)),
      data(load_data(c, tokenizer, ranks.size())),
      batch(plan_batch(c, ranks.size())),
      model(load_model(
          source, precision, uint64_t(c.seed),
          {&mesh.tp(), c.sequence_parallel,
           row_overlap(c.tensor_parallel_overlap, device, mesh.tp().transport_name() != "messages")},
          device)),
      gradients(model->named_parameters(), mesh.dp(), data_parallel_options(c)),
      optimizer(gradients, adamw_options(c)),
      step(*model, optimizer, gradients, mesh,
           {.precision = precision,
            .max_grad_norm = c.max_grad_norm,
            .seed = uint64_t(c.seed),
            .anomaly = c.anomaly || c.debug,
            .in_sample_order = c.deterministic == Deterministic::full,
            .control = &control,
            .read_late = reads_late(c),
            .stop_when_bad = c.on_nonfinite == OnNonfinite::stop}),
      plan(data->rows, data->order,
           {.micro_batch_size = batch.per_device,
            .accumulation = batch.accumulation,
            .ranks = mesh.dp().size()}),
      batches(data->train.samples(), plan, {.rank = mesh.dp().rank(), .ahead = c.dataloader_prefetch_factor}),
      groups({&ranks, &mesh.dp(), &mesh.tp(), model->kv_replicas()}) {
  if (data->groups) plan.group(*data->groups);
  set_tf32(c, device);
  set_recompute(*model, c, ranks.size());
  set_recordings(*model, c, mesh, batch.per_device);
  const int64_t steps = total_steps(c, data->rows.size(), batch.global);
  schedule = {.type = c.lr_scheduler_type,
              .peak = c.learning_rate,
              .warmup_steps = warmup_steps(c, steps),
              .total_steps = steps,
              .min_lr_ratio = c.min_lr_ratio};
}

CheckpointParts RunParts::checkpoint_parts() {
  return {*model, optimizer.adamw(), source.config, source.tokenizer, write_resolved(config)};
}

void RunParts::agree() {
  agree_at_start({{"tokenizer", tokenizer_digest(source.tokenizer)},
                  {"dataset", digest_text(data->train.digest())},
                  {"eval_dataset", digest_text(data->eval ? data->eval->digest() : "")}},
                 ranks);
  if (mesh.dp().size() > 1) agree_at_start({{"weights", weights_digest(*model)}}, mesh.dp());
  parallel::broadcast_parameters(model->named_parameters(), mesh.dp());
}

void RunParts::announce() const {
  notice("model: {} parameters, {}; {} steps of {} rows ({} x {} accumulation x {}), {} threads a rank",
         models::parameter_count(source.config), spelling_of(config.precision), schedule.total_steps,
         batch.global, batch.per_device, batch.accumulation, describe(mesh, config.sequence_parallel),
         threads);
}

double RunParts::evaluate() {
  ProfilePause training_steps_only;
  const int64_t rows = config.per_device_eval_batch_size.value_or(batch.per_device);
  return trainer::evaluate(*model, data->eval->samples(), rows, precision, mesh.dp()).loss;
}

}  // namespace genesis::trainer
