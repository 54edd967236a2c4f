#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "data/chat/tokenizer_encoder.h"
#include "data/shards/prepare.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::testing {

/// Chat files with a tiny tokenizer, ready to be prepared.
class ShardRequest {
 public:
  explicit ShardRequest(const std::string& chat_template = "qwen")
      : tokenizer_(tiny_tokenizer()),
        chat_(data::text_encoder(tokenizer_), data::chat_template(chat_template)) {}

  /// JSON Lines of n different records, of different lengths.
  static std::string records(int n, int first = 0) {
    std::string text;
    for (int i = first; i < first + n; ++i)
      text += fmt::format(R"({{"prompt": "What is {} and {}?", "completion": "It is {}{}."}})", i, i % 7,
                          std::string(size_t(i % 23), 'x'), 2 * i) +
              "\n";
    return text;
  }
  void add(const std::filesystem::path& file) { files_.push_back(file); }
  data::PrepareRequest request() const {
    return {.files = files_, .tokenizer = tokenizer_, .chat = chat_, .options = options, .program = "test"};
  }
  const data::ChatFormat& chat() const { return chat_; }
  const std::vector<std::filesystem::path>& files() const { return files_; }

  data::SftOptions options;

 private:
  data::Tokenizer tokenizer_;
  data::ChatFormat chat_;
  std::vector<std::filesystem::path> files_;
};

}  // namespace genesis::testing
