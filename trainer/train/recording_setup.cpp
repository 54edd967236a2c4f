#include "trainer/train/recording_setup.h"

#include "kernels/core/log.h"
#include "kernels/cudnn_version.h"
#include "trainer/plan/machine.h"

namespace genesis::trainer {
namespace {

/// Why this run's kernels are given away one by one; empty when they need not be.
std::string obstacle(const models::QwenModel& model, const TrainConfig& c, const parallel::Mesh& ranks,
                     int64_t rows) {
  if (model.device() != Device::cuda) return "the model is on the CPU";
  if (model.tensor_parallel().is_split()) return "ranks that share the model exchange rows inside a block";
  if (ranks.dp().size() > 1 && ranks.dp().transport_name() == "threads")
    return "ranks that are threads of one process share a stream";
  if (c.debug || c.anomaly || c.profile) return "each kernel is looked at";
  const DType compute = c.precision == Precision::fp32 ? DType::f32 : DType::bf16;
  if (kernels::cudnn_may_attend(compute, model.config().head_dim, rows * c.max_seq_len))
    return "cuDNN plans attention by the documents of a batch (GENESIS_CUDNN=0 leaves it out)";
  return {};
}

}  // namespace

bool recordings_pay(const models::QwenConfig& model, const TrainConfig& config, int64_t rows) {
  const double h = double(model.n_embd), f = double(model.intermediate_size),
               q = double(model.n_head * model.head_dim), kv = double(model.n_kv_head * model.head_dim);
  const double weights = h * (2 * q + 2 * kv + 3 * f), tokens = double(rows * config.max_seq_len);
  return 6 * weights * tokens / card_with_memory(0).flops(config.precision) < kHostSecondsOfBlock;
}

void set_recordings(models::QwenModel& model, const TrainConfig& config, const parallel::Mesh& ranks,
                    int64_t rows) {
  if (config.cuda_graphs == CudaGraphs::off) return;
  const bool asked = config.cuda_graphs == CudaGraphs::on;
  if (!asked && !(config.packing && recordings_pay(model.config(), config, rows))) return;
  const std::string why = obstacle(model, config, ranks, rows);
  if (why.empty()) return model.record_blocks(true);
  if (asked) notice("cuda_graphs: blocks run kernel by kernel: {}", why);
}

}  // namespace genesis::trainer
