#include "trainer/train/model_setup.h"

#include "kernels/core/log.h"
#include "trainer/config/model_file.h"

namespace genesis::trainer {

ModelSource find_model(const TrainConfig& config) {
  ModelSource source;
  const std::filesystem::path path = config.model_name_or_path;
  if (path.empty() || names_model_file(config.model_name_or_path)) {
    std::vector<std::string> notices;
    source.config = model_from_scratch(config, notices);
    for (const std::string& line : notices) log_line(line);
    if (config.tokenizer.empty())
      throw ConfigError(
          "{}: a model from scratch needs a tokenizer (a qwen.tiktoken file or a folder with one)",
          config.about("tokenizer"));
  } else {
    if (!std::filesystem::exists(path / "config.json"))
      throw ConfigError("{}: {} holds no config.json", config.about("model_name_or_path"), path.string());
    source.config = models::QwenConfig::from_json(path).resolved();
    source.weights = path;
  }
  source.tokenizer = config.tokenizer.empty() ? path : std::filesystem::path(config.tokenizer);
  if (!std::filesystem::exists(source.tokenizer))
    throw ConfigError("{}: {} does not exist", config.about("tokenizer"), source.tokenizer.string());
  return source;
}

data::Tokenizer load_tokenizer(const ModelSource& source) {
  data::Tokenizer tokenizer = data::Tokenizer::from_path(source.tokenizer);
  // Rows beyond the vocabulary are padding; special tokens that no template uses may lie beyond the rows.
  if (tokenizer.im_end_id() >= source.config.vocab_size)
    throw ConfigError("{}: token <|im_end|> has id {}, the model has {} embedding rows",
                      source.tokenizer.string(), tokenizer.im_end_id(), source.config.vocab_size);
  return tokenizer;
}

std::unique_ptr<models::QwenModel> load_model(const ModelSource& source, const PrecisionPlan& precision,
                                              uint64_t seed, const parallel::TensorParallel& tp,
                                              Device device) {
  const DeviceScope place(device);
  if (!source.weights.empty())
    return models::QwenModel::from_folder(source.weights, precision.parameters, tp);
  return std::make_unique<models::QwenModel>(source.config, precision.parameters, seed, tp);
}

}  // namespace genesis::trainer
