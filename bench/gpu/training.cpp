#include "bench/gpu/training.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/memory.h"
#include "parallel/local_group.h"
#include "trainer/config/batch.h"
#include "trainer/plan/layout_search.h"
#include "trainer/train/model_setup.h"
#include "trainer/train/optimizer_setup.h"
#include "trainer/train/recompute_setup.h"
#include "trainer/train/train_step.h"

namespace genesis::bench {
namespace {

constexpr double kSeconds = 30;  // of a line, warm-up left out
constexpr int kMostSteps = 5;
constexpr int64_t kWarmMicroSteps = 4;  // products are tuned with beta 0 and 1, what is recorded comes after

/// A run from model to step, set up as trainer/train/run_parts.h does it.
class Training {
 public:
  Training(const TrainingCase& of, const trainer::TrainConfig& c)
      : config_(c),
        precision_(trainer::precision_plan(c.precision, Device::cuda)),
        batch_(trainer::plan_batch(c, 1)),
        mesh_(*alone_),
        model_(trainer::load_model({.config = of.model(), .weights = {}, .tokenizer = {}}, precision_, 1, {},
                                   Device::cuda)),
        gradients_(model_->named_parameters(), mesh_.dp(), trainer::data_parallel_options(c)),
        optimizer_(gradients_, trainer::adamw_options(c)),
        step_(*model_, optimizer_, gradients_, mesh_,
              {.precision = precision_,
               .max_grad_norm = c.max_grad_norm,
               .seed = uint64_t(c.seed),
               .read_late = true}),
        samples_(of, kMostSteps + 1) {
    trainer::set_recompute(*model_, c, 1);
  }

  const trainer::BatchPlan& batch() const { return batch_; }
  const TrainingSamples& samples() const { return samples_; }

  struct Steps {
    double seconds = 0;  ///< of one
    data::StepTotals totals;
    trainer::StepResult last;
  };
  /// `steps` steps of `accumulation` micro-batches, from a card with nothing to do to one.
  Steps run(int steps, int64_t accumulation) {
    const data::StepPlan plan(
        samples_.rows(), samples_.order(),
        {.micro_batch_size = batch_.per_device, .accumulation = accumulation, .ranks = 1});
    data::BatchLoader batches(samples_.store(), plan,
                              {.rank = 0, .ahead = config_.dataloader_prefetch_factor});
    Steps done;
    const auto read = [&] {
      done.last = step_.finish();
      done.totals.tokens += done.last.totals.tokens;
      done.totals.supervised += done.last.totals.supervised;
    };
    cuda::synchronize();
    const double begin = now();
    int64_t consumed = 0;
    for (int i = 0; i < steps; ++i) {
      step_.start(plan, batches, consumed, config_.learning_rate, [&] {
        if (i > 0) read();
      });
      consumed = plan.next(consumed);
    }
    read();
    cuda::synchronize();
    done.seconds = (now() - begin) / steps;
    return done;
  }

  /// What plan says of the run, with the recomputation that was settled.
  trainer::PlanInput planned() const {
    trainer::TrainConfig open = config_;
    open.gradient_checkpointing = trainer::GradientCheckpointing::none;
    trainer::PlanInput in = trainer::plan_input(open, model_->config(), 1);
    in.device = Device::cuda;
    return trainer::with_least_recompute(in, trainer::card_with_memory(double(cuda::probe().memory_bytes)));
  }

 private:
  trainer::TrainConfig config_;
  trainer::PrecisionPlan precision_;
  trainer::BatchPlan batch_;
  std::unique_ptr<parallel::Communicator> alone_ = parallel::solo_communicator();
  parallel::Mesh mesh_;
  std::unique_ptr<models::QwenModel> model_;
  parallel::DataParallel gradients_;
  parallel::ShardedOptimizer optimizer_;
  trainer::TrainStep step_;
  TrainingSamples samples_;
};

struct Work {
  double tokens = 0, counted = 0;  ///< a step; counted: that go through the head
  double length = 0;               ///< attention sees
};

double flops_of(const models::QwenConfig& c, const Work& w) {
  const double h = double(c.n_embd), f = double(c.intermediate_size), layers = double(c.n_layer);
  return 6 * (w.tokens * layers * (4 * h * h + 3 * h * f) + w.counted * h * double(c.vocab_size)) +
         6 * layers * h * w.length * w.tokens;  // attention causal, counted half
}

}  // namespace

void measure_training(Report& report, const TrainingCase& of, const TrainingWanted& wanted, double peak) {
  reset_peak_memory();
  const trainer::TrainConfig config = of.config(double(cuda::probe().memory_bytes));
  Training training(of, config);
  const trainer::BatchPlan& batch = training.batch();
  training.run(1, of.documents ? batch.accumulation : std::min(kWarmMicroSteps, batch.accumulation));
  Training::Steps steps = training.run(1, batch.accumulation);
  const int more = of.tiny ? 2 : std::min(kMostSteps, int(kSeconds / steps.seconds) - 1);
  if (more > 0) steps = training.run(more, batch.accumulation);
  const int count = std::max(1, more);

  const std::string name = fmt::format("{} {}{} {}, {} tok/step ({}x{})", of.shape, of.length,
                                       of.documents ? " packed" : "", of.masters ? "bf16-mixed" : "8 B/param",
                                       batch.global * of.length, batch.per_device, batch.accumulation);
  const Work work{.tokens = double(steps.totals.tokens) / count,
                  .counted = double(of.documents ? steps.totals.supervised : steps.totals.tokens) / count,
                  .length = training.samples().attended_length()};
  report.add(name + ": tokens/s", work.tokens / steps.seconds, "tok/s");
  report.add(name + ": MFU", 100 * flops_of(of.model(), work) / steps.seconds / peak, "%", wanted.mfu);
  const auto card = cuda::card_memory();
  report.add(name + ": free on the card", double(card.free) / 1e9, "GB", {wanted.free_gb, wanted.free_gb});
  report.add(name + ": peak in use", double(memory_stats(Device::cuda).peak_total) / double(1 << 30), "GiB");
  const trainer::PlanInput planned = training.planned();
  report.add(name + ": planned", double(trainer::plan_memory(planned).total()) / double(1 << 30), "GiB");
  report.add(fmt::format("{}: recomputed: {}", name, planned.recompute_text()),
             double(planned.recomputed_layers()), "blocks");
  report.add(name + ": loss", steps.last.loss, "a token");
}

}  // namespace genesis::bench
