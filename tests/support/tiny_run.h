#pragma once
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/tokenizer/tiktoken_file.h"
#include "parallel/local_group.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"
#include "trainer/config/train_config.h"
#include "trainer/train/run.h"

namespace genesis::testing {

/// A folder with a tiny vocabulary and a tiny chat file, and the config of a training run on them.
class TinyRun {
 public:
  explicit TinyRun(int records = 40) {
    data::write_tiktoken(tiny_tokenizer().vocabulary(), folder_ / "qwen.tiktoken");
    write_chat("train.jsonl", records);
    write_chat("eval.jsonl", 6);
  }

  const TempFolder& folder() const { return folder_; }
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

  /// A Qwen-1 of 2 layers; 8 rows a step. `output` is a folder of its own under this one.
  trainer::TrainConfig config(const std::string& output) const {
    trainer::TrainConfig c;
    c.model.vocab_size = 640;
    c.model.hidden_size = 32;
    c.model.num_hidden_layers = 2;
    c.model.num_attention_heads = 2;
    c.model.hidden_dim = 48;
    c.model.max_position_embeddings = 256;
    c.tokenizer = (folder_ / "qwen.tiktoken").string();
    c.dataset = {(folder_ / "train.jsonl").string()};
    c.max_seq_len = 256;
    c.global_batch_size = 8;
    c.learning_rate = 3e-3;
    c.warmup_steps = 2;
    c.max_steps = 20;
    c.save_steps = 0;
    c.eval_steps = 0;
    c.output_dir = (folder_ / output).string();
    c.resume_from_checkpoint = "auto";
    return c;
  }

  /// Runs on `ranks` threads and returns the metrics of every step.
  std::vector<nlohmann::json> train(const trainer::TrainConfig& c, int ranks = 1) const {
    parallel::LocalGroup::run(ranks,
                              [&](parallel::Communicator& group) { trainer::run_training(c, 1, group); });
    return metrics(c);
  }

  /// The lines of metrics.jsonl, also of a run that is writing them.
  static std::vector<nlohmann::json> metrics(const trainer::TrainConfig& c) {
    std::ifstream in(std::filesystem::path(c.output_dir) / "metrics.jsonl");
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(in, line);)
      if (!in.eof()) lines.push_back(nlohmann::json::parse(line));  // a line without its end is being written
    return lines;
  }

 private:
  void write_chat(std::string_view name, int records) {
    std::string text;
    for (int i = 0; i < records; ++i) {
      nlohmann::json turns = nlohmann::json::array();
      for (int t = 0; t <= i % 3; ++t) {  // lengths and supervised counts differ from record to record
        turns.push_back({{"from", "user"}, {"value", "What is the sum of " + std::to_string(i) + " and 8?"}});
        turns.push_back({{"from", "assistant"},
                         {"value", "It is " + std::string(size_t(i % 7), '9') + std::to_string(i + 8)}});
      }
      text += nlohmann::json{{"id", std::to_string(i)}, {"conversations", turns}}.dump() + "\n";
    }
    folder_.write(name, text);
  }

  TempFolder folder_;
};

}  // namespace genesis::testing
