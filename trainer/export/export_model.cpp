#include "trainer/export/export_model.h"

#include <cmath>

#include "data/chat/tokenizer_encoder.h"
#include "kernels/core/log.h"
#include "models/safetensors/convert.h"
#include "trainer/export/config_export.h"
#include "trainer/export/sample_check.h"
#include "trainer/export/tokenizer_export.h"
#include "trainer/files/new_folder.h"
#include "trainer/inference/model_folder.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

/// Rounds every weight to `dtype` in place.
void round_weights(models::QwenModel& model, DType dtype) {
  for (const auto& [name, parameter] : model.named_parameters()) {
    const Array values = parameter.value();
    const int64_t n = values.numel();
    if (dtype != DType::f32) {
      const Array stored = Array::empty(values.shape(), dtype);
      models::convert_values(values.raw(), DType::f32, stored.raw(), dtype, n);
      models::convert_values(stored.raw(), dtype, values.raw(), DType::f32, n);
      values.storage().bump_version();
    }
    const float* v = values.data<float>();
    for (int64_t i = 0; i < n; ++i)
      if (!std::isfinite(v[i]))
        throw NumericsError("parameter '{}' holds {} when stored as {}{}", name, v[i], name_of(dtype),
                            dtype == DType::f16 ? " (largest value 65504); bf16 has the range of f32" : "");
  }
}

void count_files(const fs::path& folder, ExportReport& report) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    report.bytes += int64_t(entry.file_size());
    report.files += entry.path().extension() == ".safetensors";
  }
}

SampleOutputs read_back(const fs::path& folder, const std::optional<std::string>& chat_template) {
  const auto model = models::QwenModel::from_folder(folder, DType::f32);
  model->eval();
  const data::Tokenizer tokenizer = fitting_tokenizer(folder, model->config().vocab_size);
  return sample_outputs(
      *model, tokenizer,
      {data::text_encoder(tokenizer), chat_template_of(folder, model->config().family, chat_template)});
}

}  // namespace

void refuse_experimental(const models::QwenConfig& config, const fs::path& out) {
  if (const auto reason = models::experimental_reason(config); !reason.empty())
    throw ConfigError("{}: the model cannot be exported: {}, which no other program computes", out.string(),
                      reason);
}

ExportReport export_model(const ExportOptions& options) {
  NewFolder staging(options.out);
  LoadedModel source = open_model({options.checkpoint, options.tokenizer, options.chat_template, DType::f32});
  const models::QwenConfig config = source.model->config();
  refuse_experimental(config, options.out);
  ExportReport report;
  report.source = source.folder;
  report.naming = options.naming.value_or(models::naming_of(config));
  report.dtype = options.dtype ? *options.dtype : stored_dtype(source.folder);
  report.parameters = models::parameter_count(config);
  if (report.naming == models::Naming::llama && (config.use_dynamic_ntk || config.use_logn_attn))
    warn("dynamic NTK and logn have no place in this naming: texts beyond {} tokens will differ",
         config.seq_length);

  const SampleOutputs before = sample_outputs(*source.model, source.tokenizer, source.chat);
  round_weights(*source.model, report.dtype);
  const SampleOutputs expected = sample_outputs(*source.model, source.tokenizer, source.chat);
  report.rounding = largest_difference(before, expected);
  report.texts = int64_t(expected.ids.size());
  report.logits = int64_t(expected.logits.size());

  source.model->save(staging.path(), {report.naming, report.dtype, options.max_shard_bytes});
  keep_config_keys(source.folder, report.dtype, staging.path());
  source.model.reset();  // one model in memory at a time
  export_tokenizer(options.tokenizer.value_or(source.folder), source.tokenizer, source.chat.chat_template(),
                   report.naming, config.max_seq_len, staging.path());
  export_generation_config(source.folder, source.chat, report.naming, config.max_seq_len, staging.path());

  expect_same(expected, read_back(staging.path(), options.chat_template), staging.target().string());
  count_files(staging.path(), report);
  staging.publish();
  return report;
}

}  // namespace genesis::trainer
