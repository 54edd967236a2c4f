#include "trainer/files/tokenizer_files.h"

#include <array>

#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;
constexpr std::array kFiles{"qwen.tiktoken", "tokenizer.json", "vocab.json", "merges.txt",
                            "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
                            "chat_template.jinja", "generation_config.json",
                            // Qwen-1's own code, which transformers asks for beside the weights
                            "tokenization_qwen.py", "configuration_qwen.py", "modeling_qwen.py",
                            "qwen_generation_utils.py", "cpp_kernels.py"};

void copy_one(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) throw DiskError("{}: cannot be copied to {}: {}", from.string(), to.string(), error.message());
}

}  // namespace

std::vector<std::pair<std::string, fs::path>> tokenizer_files(const fs::path& source) {
  if (source.empty()) return {};
  if (fs::is_regular_file(source)) {
    const bool vocabulary = source.extension() == ".tiktoken";
    return {{vocabulary ? "qwen.tiktoken" : source.filename().string(), source}};
  }
  std::vector<std::pair<std::string, fs::path>> found;
  for (const char* name : kFiles)
    if (fs::is_regular_file(source / name)) found.emplace_back(name, source / name);
  return found;
}

void copy_tokenizer_files(const fs::path& source, const fs::path& folder) {
  for (const auto& [name, from] : tokenizer_files(source)) copy_one(from, folder / name);
}

}  // namespace genesis::trainer
