#include "trainer/config/print.h"

#include <fmt/format.h>

#include <functional>

#include "trainer/config/key.h"

namespace genesis::trainer {
namespace {

constexpr const char* kIntroduction = R"(# Config keys

`genesis train CONFIG.yaml [key=value ...]`. Keys are flat and have Hugging Face's names. Overrides on the command line
(`key=value`, `--key value` or `--key=value`) come after the file and win. This page is printed by
`genesis config --markdown`; `genesis config CONFIG.yaml` checks a config and prints what it comes to.

- **Paths** are relative to the folder the program is started in, in a file as on the command line.
- **Batch.** `global_batch_size = per_device_train_batch_size x gradient_accumulation_steps x data-parallel ranks`: any two
  give the third, and three that do not fit are an error. A key that is free is 1.
- **Length.** `max_steps` decides alone where it is given; otherwise `num_train_epochs` does.
- **A model from scratch** is a model YAML (`model_name_or_path: configs/qwen1/qwen1_1.8B.yaml`), or the model keys in the
  config itself, flat or under `model:`. Under `model:` and in a model YAML, `max_seq_len` and `seq_length` are the
  model's; elsewhere they are the length of training samples.
- **Strict.** An unknown key, a wrong type, a number out of range, a key given twice and keys that contradict each other
  are errors with file, line and key, and nothing starts. Names of other trainers (Hugging Face TRL, LLaMA-Factory,
  Axolotl, torchtune, LitGPT, Megatron, Qwen's `finetune.py`) are understood and noted in one line.
)";

std::string joined(const std::vector<std::string>& words, const char* separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string shown_type(const Key& key) {
  const std::string range = key.range.describe();
  return range.empty() ? key.type : key.type + " " + range;
}

std::string shown_default(const Key& key) { return key.yaml(TrainConfig{}).value_or(""); }

/// Calls `title` before the first key of each group, and `row` for each key.
void for_each_row(const std::function<void(const std::string&)>& title,
                  const std::function<void(const Key&)>& row) {
  std::string group;
  for (const auto& key : config_keys()) {
    if (key.group != group) title(group = key.group);
    row(key);
  }
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|' || c == '<') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string in_backticks(const std::vector<std::string>& words) {
  return words.empty() ? "" : fmt::format("`{}`", joined(words, "` `"));
}

}  // namespace

std::string write_resolved(const TrainConfig& config) {
  std::string text;
  bool in_model = false;
  for (const auto& key : config_keys()) {
    const auto value = key.yaml(config);
    if (!value) continue;
    if (key.in_model && !in_model) text += "model:\n";
    in_model = key.in_model;
    const std::string name = key.name.starts_with("model.") ? key.name.substr(6) : key.name;
    text += fmt::format("{}{}: {}\n", in_model ? "  " : "", name, *value);
  }
  return text;
}

std::string config_help() {
  std::string text;
  for_each_row(
      [&](const std::string& title) { text += fmt::format("{}{}\n", text.empty() ? "" : "\n", title); },
      [&](const Key& key) {
        const std::string value = shown_default(key);
        text += fmt::format("  {}  ({}{})\n      {}\n", key.name, shown_type(key),
                            value.empty() ? "" : "; default " + value, key.help);
        if (!key.aliases.empty()) text += fmt::format("      also: {}\n", joined(key.aliases, ", "));
      });
  return text;
}

std::string config_markdown() {
  std::string text = kIntroduction;
  for_each_row(
      [&](const std::string& title) {
        text += fmt::format(
            "\n## {}\n\n| key | value | default | meaning | other names |\n|---|---|---|---|---|\n", title);
      },
      [&](const Key& key) {
        const auto value = key.yaml(TrainConfig{});
        std::vector<std::string> names = key.aliases;
        for (const auto& name : key.nested_aliases) names.push_back("model." + name);
        text += fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, escaped(shown_type(key)),
                            value ? in_backticks({*value}) : "", escaped(key.help), in_backticks(names));
      });
  return text;
}

}  // namespace genesis::trainer
