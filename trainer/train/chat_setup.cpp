#include "trainer/train/chat_setup.h"

#include "data/chat/folder_template.h"
#include "data/chat/tokenizer_encoder.h"
#include "trainer/config/model_file.h"
#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

models::QwenFamily family_of_run(const TrainConfig& config) {
  const std::string& path = config.model_name_or_path;
  if (!path.empty() && !names_model_file(path)) return models::QwenConfig::from_json(path).family;
  if (path.empty()) return config.model.model_type.value_or(models::QwenFamily::qwen1);
  std::vector<std::string> notices;
  return model_from_scratch(config, notices).family;
}

data::ChatTemplate template_of_run(const TrainConfig& config) {
  if (config.chat_template != ChatTemplateName::automatic)
    return data::chat_template(spelling_of(config.chat_template));
  for (const fs::path& folder : {fs::path(config.tokenizer), fs::path(config.model_name_or_path)}) {
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) continue;
    if (auto own = data::read_chat_template(folder)) {
      own->name = "own";  // where it lies changes nothing in the data
      return *std::move(own);
    }
  }
  return data::chat_template(template_of(family_of_run(config)));
}

}  // namespace

data::ChatFormat training_chat(const TrainConfig& config, const data::Tokenizer& tokenizer) {
  return {data::text_encoder(tokenizer), template_of_run(config)};
}

}  // namespace genesis::trainer
