#include "trainer/inference/new_model.h"

#include <optional>

#include "data/chat/tokenizer_encoder.h"
#include "kernels/core/log.h"
#include "trainer/config/model_file.h"
#include "trainer/export/tokenizer_export.h"
#include "trainer/files/new_folder.h"

namespace genesis::trainer {

models::QwenConfig read_model_config(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) throw ConfigError("{}: there is no such file or folder", path.string());
  if (!names_model_file(path.string())) return models::QwenConfig::from_json(path).resolved();
  TrainConfig keys;
  keys.model_name_or_path = path.string();
  std::vector<std::string> notices;
  models::QwenConfig config = model_from_scratch(keys, notices).resolved();
  for (const std::string& line : notices) log_line(line);
  return config;
}

models::QwenConfig write_new_model(const NewModelOptions& o) {
  const models::QwenConfig config = read_model_config(o.config);
  std::optional<data::Tokenizer> tokenizer;
  if (!o.tokenizer.empty()) tokenizer = fitting_tokenizer(o.tokenizer, config.vocab_size);
  NewFolder folder(o.out);
  models::QwenModel model(config, o.dtype, o.seed);
  model.save(folder.path());
  if (tokenizer) {
    const models::Naming naming = models::naming_of(config);
    const data::ChatFormat chat(data::text_encoder(*tokenizer),
                                data::chat_template(template_of(config.family)));
    export_tokenizer(o.tokenizer, *tokenizer, chat.chat_template(), naming, config.max_seq_len,
                     folder.path());
    export_generation_config({}, chat, naming, config.max_seq_len, folder.path());
  }
  folder.publish();
  return config;
}

}  // namespace genesis::trainer
