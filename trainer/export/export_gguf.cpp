#include "models/gguf/model_file.h"
#include "trainer/export/export_model.h"
#include "trainer/export/tokenizer_export.h"
#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {

ExportReport export_gguf(const ExportOptions& options) {
  if (std::filesystem::exists(options.out))
    throw ConfigError("{}: exists already; nothing is overwritten", options.out.string());
  const LoadedModel source =
      open_model({options.checkpoint, options.tokenizer, options.chat_template, std::nullopt});
  const models::QwenConfig& config = source.model->config();
  refuse_experimental(config, options.out);
  ExportReport report;
  report.source = source.folder;
  report.naming = models::naming_of(config);
  report.dtype = options.dtype.value_or(source.model->dtype() == DType::bf16 ? DType::bf16 : DType::f16);
  report.parameters = models::parameter_count(config);
  report.files = 1;
  report.bytes = models::write_gguf_model(options.out, *source.model, config, source.tokenizer,
                                          {.dtype = report.dtype,
                                           .name = source.folder.filename().string(),
                                           .chat_template = jinja_template(source.chat.chat_template())});
  return report;
}

}  // namespace genesis::trainer
