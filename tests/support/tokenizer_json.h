#pragma once
#include <nlohmann/json.hpp>

#include "data/tokenizer/byte_alphabet.h"
#include "data/tokenizer/huggingface_vocabulary.h"

namespace genesis::testing {

/// The file as the Hugging Face library writes it for Qwen2, merges as texts or as pairs.
inline nlohmann::json tokenizer_json(const genesis::data::Vocabulary& vocabulary, bool merges_as_pairs) {
  using nlohmann::json;
  json file = json::parse(R"js({
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [],
    "normalizer": {"type": "NFC"},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex":
       "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},
      {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}]},
    "post_processor": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
    "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
              "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "vocab": {}, "merges": []}})js");
  for (int32_t rank = 0; rank < vocabulary.size(); ++rank)
    file["model"]["vocab"][genesis::data::to_byte_alphabet(vocabulary.bytes(rank))] = rank;
  for (const auto& [left, right] : genesis::data::merges_of(vocabulary)) {
    const std::string a = genesis::data::to_byte_alphabet(vocabulary.bytes(left)),
                      b = genesis::data::to_byte_alphabet(vocabulary.bytes(right));
    file["model"]["merges"].push_back(merges_as_pairs ? json{a, b} : json(a + " " + b));
  }
  int32_t id = vocabulary.size();
  for (const char* text : {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>"})
    file["added_tokens"].push_back({{"id", id++},
                                    {"content", text},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false},
                                    {"special", text[1] == '|'}});
  return file;
}

}  // namespace genesis::testing
