#include "trainer/checkpoint/small_files.h"

#include <fstream>
#include <iterator>

#include "models/config/huggingface.h"
#include "trainer/files/tokenizer_files.h"

namespace genesis::trainer {

std::vector<SmallFile> model_folder_files(const CheckpointParts& parts) {
  models::QwenConfig config = parts.config.resolved();
  config.dtype = parts.model.parameters().front().dtype();
  std::vector<SmallFile> small{{"config.json", models::huggingface_config(config, models::naming_of(config))},
                               {"train_config.yaml", parts.resolved_config}};
  for (const auto& [name, source] : tokenizer_files(parts.tokenizer)) {
    std::ifstream in(source, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in) throw DiskError("{}: cannot be read", source.string());
    small.emplace_back(name, std::move(bytes));
  }
  return small;
}

}  // namespace genesis::trainer
