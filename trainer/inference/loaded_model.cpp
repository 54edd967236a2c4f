#include "trainer/inference/loaded_model.h"

#include "data/chat/folder_template.h"
#include "data/chat/tokenizer_encoder.h"
#include "models/names/checkpoint_layout.h"
#include "trainer/inference/model_folder.h"

namespace genesis::trainer {

std::string template_of(models::QwenFamily family) {
  switch (family) {
    case models::QwenFamily::qwen1:
      return "qwen";
    case models::QwenFamily::qwen15:
      return "qwen1.5";
    case models::QwenFamily::qwen3:
      break;
  }
  return "qwen3";
}

data::Tokenizer fitting_tokenizer(const std::filesystem::path& path, int64_t vocab_size) {
  if (!std::filesystem::exists(path)) throw ConfigError("{}: there is no such tokenizer", path.string());
  data::Tokenizer tokenizer = data::Tokenizer::from_path(path);
  // Rows beyond the vocabulary are padding; special tokens that no chat uses may lie beyond the rows.
  if (const int32_t id = tokenizer.im_end_id(); id >= vocab_size)
    throw ConfigError("{}: token <|im_end|> has id {}, but the model has {} embedding rows (vocab_size)",
                      path.string(), id, vocab_size);
  return tokenizer;
}

data::ChatTemplate chat_template_of(const std::filesystem::path& folder, models::QwenFamily family,
                                    const std::optional<std::string>& name) {
  if (name) return data::chat_template(*name);
  if (auto own = data::read_chat_template(folder)) return *std::move(own);
  return data::chat_template(template_of(family));
}

DType stored_dtype(const std::filesystem::path& folder) {
  const auto weights = models::CheckpointFolder::open(folder);
  const bool qwen = models::naming_of(weights) == models::Naming::qwen;
  const std::string name = qwen ? "transformer.wte.weight" : "model.embed_tokens.weight";
  return weights.at(name).type->dtype.value_or(DType::f32);
}

LoadedModel open_model(const OpenOptions& options) {
  const auto folder = model_folder(options.path);
  const auto config = models::QwenConfig::from_json(folder).resolved();
  data::Tokenizer tokenizer = fitting_tokenizer(options.tokenizer.value_or(folder), config.vocab_size);
  data::ChatFormat chat(data::text_encoder(tokenizer),
                        chat_template_of(folder, config.family, options.chat_template));
  const DType dtype = options.dtype.value_or(stored_dtype(folder) == DType::bf16 ? DType::bf16 : DType::f32);
  const DeviceScope place(options.device);
  auto model = models::QwenModel::from_folder(folder, dtype, options.tp);
  model->eval();
  models::GenerationConfig generation = model->generation;
  return {folder, std::move(model), std::move(tokenizer), std::move(chat), std::move(generation)};
}

}  // namespace genesis::trainer
