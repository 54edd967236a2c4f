#include "trainer/export/tokenizer_export.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/tokenizer/huggingface_vocabulary.h"
#include "data/tokenizer/tiktoken_file.h"
#include "models/json/strict_json.h"
#include "models/safetensors/durable_file.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int64_t kMaxWindow = 6144, kMaxNewTokens = 512;  // of the official chat models

bool holds_any(const fs::path& source, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return fs::is_regular_file(source / name); });
}

void copy_present(const fs::path& source, const fs::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (!fs::is_regular_file(source / name)) continue;
    std::error_code error;
    fs::copy_file(source / name, folder / name, error);
    if (error)
      throw DiskError("{}: cannot be copied to {}: {}", (source / name).string(), folder.string(),
                      error.message());
  }
}

void write_json(const fs::path& file, const Json& json) {
  models::write_text_file(file, json.dump(2) + "\n");
}

Json qwen1_tokenizer_config(int64_t context) {
  Json j;
  j["auto_map"] = {{"AutoTokenizer", {"tokenization_qwen.QWenTokenizer", nullptr}}};
  j["model_max_length"] = context;
  j["tokenizer_class"] = "QWenTokenizer";
  return j;
}

Json qwen2_tokenizer_config(const data::Tokenizer& tokenizer, const data::ChatTemplate& chat,
                            int64_t context) {
  Json j;
  j["add_prefix_space"] = false;
  for (const int32_t id : {tokenizer.eod_id(), tokenizer.im_start_id(), tokenizer.im_end_id()}) {
    const std::string text(tokenizer.token_bytes(id));
    j["added_tokens_decoder"][std::to_string(id)] = {{"content", text},      {"lstrip", false},
                                                     {"normalized", false},  {"rstrip", false},
                                                     {"single_word", false}, {"special", true}};
  }
  j["additional_special_tokens"] = {"<|im_start|>", "<|im_end|>"};
  j["bos_token"] = nullptr;
  j["chat_template"] = jinja_template(chat);
  j["clean_up_tokenization_spaces"] = false;
  j["eos_token"] = "<|im_end|>";
  j["errors"] = "replace";
  j["model_max_length"] = context;
  j["pad_token"] = "<|endoftext|>";
  j["split_special_tokens"] = false;
  j["tokenizer_class"] = "Qwen2Tokenizer";
  j["unk_token"] = nullptr;
  return j;
}

}  // namespace

std::string jinja_template(const data::ChatTemplate& chat) {
  std::string text;
  if (chat.default_system) {
    std::string system;  // as it stands between quotes
    for (const char c : *chat.default_system) {
      if (c == '\n') {
        system += "\\n";
        continue;
      }
      if (c == '\'' || c == '\\') system += '\\';
      system += c;
    }
    text = "{%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\\n" + system +
           "<|im_end|>\\n' }}{% endif %}";
  }
  return text +
         "{%- for turn in messages %}{{- '<|im_start|>' ~ turn['role'] ~ '\\n' ~ turn['content'] ~ "
         "'<|im_end|>\\n' }}{% endfor %}"
         "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}";
}

void export_tokenizer(const fs::path& source, const data::Tokenizer& tokenizer,
                      const data::ChatTemplate& chat, models::Naming naming, int64_t context,
                      const fs::path& folder) {
  if (naming == models::Naming::qwen) {
    data::write_tiktoken(tokenizer.vocabulary(), folder / "qwen.tiktoken");
    if (holds_any(source, {"qwen.tiktoken"}))
      copy_present(source, folder,
                   {"tokenizer_config.json", "tokenization_qwen.py", "configuration_qwen.py",
                    "modeling_qwen.py", "qwen_generation_utils.py", "cpp_kernels.py"});
    if (!fs::exists(folder / "tokenizer_config.json"))
      write_json(folder / "tokenizer_config.json", qwen1_tokenizer_config(context));
    return;
  }
  if (holds_any(source, {"tokenizer.json", "vocab.json"}) && holds_any(source, {"tokenizer_config.json"}))
    return copy_present(source, folder,
                        {"tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json",
                         "special_tokens_map.json", "tokenizer_config.json", "chat_template.jinja"});
  data::write_vocab_json(tokenizer.vocabulary(), folder / "vocab.json", folder / "merges.txt");
  write_json(folder / "tokenizer_config.json", qwen2_tokenizer_config(tokenizer, chat, context));
}

void export_generation_config(const fs::path& source_folder, const data::ChatFormat& chat,
                              models::Naming naming, int64_t context, const fs::path& folder) {
  Json json = {{"do_sample", false}, {"max_new_tokens", std::min(kMaxNewTokens, context)}};
  const fs::path given = source_folder / "generation_config.json";
  if (fs::is_regular_file(given)) {
    try {
      json = models::read_json_file(given);
    } catch (const CheckpointError& e) {
      throw ConfigError("{}", e.what());
    }
    if (!json.is_object()) throw ConfigError("{}: must be a JSON object", given.string());
  }
  json["eos_token_id"] = chat.stop_ids();
  json["pad_token_id"] = chat.encoder().eod;
  if (naming == models::Naming::qwen) {
    json["chat_format"] = "chatml";
    if (!json.contains("max_window_size")) json["max_window_size"] = std::min(kMaxWindow, context);
  } else {
    json.erase("chat_format");
    json.erase("max_window_size");
  }
  write_json(folder / "generation_config.json", json);
}

}  // namespace genesis::trainer
