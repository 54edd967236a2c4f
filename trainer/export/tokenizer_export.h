#pragma once
#include <filesystem>
#include <string>

#include "models/config/huggingface.h"
#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {

/// Writes the tokenizer files of a model folder in `naming`, whatever format `source` (file or folder) has:
///   qwen:  qwen.tiktoken, tokenizer_config.json
///   llama: vocab.json, merges.txt, tokenizer_config.json with ids of the chat tokens and the chat template
/// Where the source folder has the files of that naming already, tokenizer.json among them, they are copied.
/// Errors: DataError when the vocabulary cannot be said in merges; DiskError naming the file.
void export_tokenizer(const std::filesystem::path& source, const data::Tokenizer& tokenizer,
                      const data::ChatTemplate& chat, models::Naming naming, int64_t context,
                      const std::filesystem::path& folder);

/// The chat format as a Jinja template, which other programs apply.
std::string jinja_template(const data::ChatTemplate& chat);

/// Writes generation_config.json: the source folder's settings where it has some, with the chat's stop ids.
/// Errors: ConfigError for a file that is no JSON object; DiskError.
void export_generation_config(const std::filesystem::path& source_folder, const data::ChatFormat& chat,
                              models::Naming naming, int64_t context, const std::filesystem::path& folder);

}  // namespace genesis::trainer
