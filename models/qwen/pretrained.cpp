#include "models/qwen/pretrained.h"

#include "models/config/model_type.h"
#include "models/qwen/model_search.h"

namespace genesis::models {

namespace fs = std::filesystem;

std::string repository_name(const PretrainedChoice& choice) {
  const auto family = family_of(choice.model_type);
  if (!family)
    throw ConfigError("model_type '{}' is unknown; Genesis knows qwen1, qwen1.5 and qwen3",
                      choice.model_type);
  if (choice.size.empty() || choice.size.find('/') != std::string_view::npos) {
    throw ConfigError("size '{}' is not a size such as 1.8B or 7B", choice.size);
  }
  const bool chat = choice.variant == "chat" || choice.variant == "instruct";
  if (!chat && choice.variant != "base")
    throw ConfigError("variant '{}' is unknown; there are base and chat", choice.variant);
  if (*family == QwenFamily::qwen3) return fmt::format("Qwen3-{}{}", choice.size, chat ? "" : "-Base");
  const std::string_view end = chat ? "-Chat" : "";
  if (*family == QwenFamily::qwen15 || choice.size == "32B")
    return fmt::format("Qwen1.5-{}{}", choice.size, end);
  return fmt::format("Qwen-{}{}", choice.size == "1.8B" ? "1_8B" : choice.size, end);
}

Pretrained load_pretrained_model(const fs::path& folder, DType dtype, Device device) {
  const DeviceScope place(device);
  auto model = QwenModel::from_folder(folder, dtype);
  model->eval();
  const auto family = model->config().family == QwenFamily::qwen1 ? data::TokenizerFamily::qwen1
                                                                  : data::TokenizerFamily::qwen1_5;
  auto tokenizer = data::Tokenizer::from_folder(folder, family);
  if (tokenizer.vocab_size() > model->config().vocab_size) {
    throw ConfigError("{}: the tokenizer has {} tokens, config.json says vocab_size {}", folder.string(),
                      tokenizer.vocab_size(), model->config().vocab_size);
  }
  const QwenConfig config = model->config();
  return {std::move(model), std::move(tokenizer), config};
}

Pretrained load_pretrained_model(const PretrainedChoice& choice) {
  const std::string name = repository_name(choice);
  const auto roots = choice.models_folder.empty() ? default_model_roots() : std::vector{choice.models_folder};
  for (const auto& root : roots)
    if (const auto folder = find_model_folder(root, name))
      return load_pretrained_model(*folder, choice.dtype, choice.device);
  std::string looked;
  for (const auto& root : roots)
    looked += fmt::format("{}{}, {}, {}", looked.empty() ? "" : ", ", (root / name).string(),
                          (root / "Qwen" / name).string(), (root / ("models--Qwen--" + name)).string());
  throw CheckpointError(
      "no folder of the model {0}; looked at {1}. Fetch it once with: git lfs install && git clone "
      "https://huggingface.co/Qwen/{0} {2}  (or set GENESIS_MODELS to the folders that hold models)",
      name, looked, (roots[0] / name).string());
}

Pretrained load_qwen1(std::string_view size, std::string_view variant, Device device) {
  return load_pretrained_model(
      PretrainedChoice{.model_type = "qwen1", .size = size, .variant = variant, .device = device});
}

}  // namespace genesis::models
