#include "data/tokenizer/tokenizer.h"

#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/tokenizer/jsonl.h"
#include "data/tokenizer/tiktoken_file.h"
#include "data/tokenizer/train_bpe.h"
#include "data/tokenizer/training_texts.h"
#include "kernels/core/error.h"
#include "trainer/commands/commands.h"
#include "trainer/commands/standard_input.h"

namespace genesis::trainer {
namespace {

constexpr const char* kInput = "<stdin>";

/// What the three subcommands take from the command line.
struct TokenizerOptions {
  std::string path;
  std::optional<data::TokenizerFamily> family;
  bool jsonl = false, no_special = false, skip_special = false;
  data::TrainOptions train;
  std::string out;
  std::vector<std::filesystem::path> inputs;
};

void encode(const TokenizerOptions& o) {
  const auto tokenizer = data::Tokenizer::from_path(o.path, o.family);
  const data::EncodeOptions options{o.no_special ? data::SpecialForms::plain : data::SpecialForms::parse};
  StandardInput in;
  if (o.jsonl) return data::encode_jsonl(tokenizer, in, std::cout, options, kInput);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  fmt::print("{}\n", fmt::join(tokenizer.encode(text, options), " "));
}

void decode(const TokenizerOptions& o) {
  const auto tokenizer = data::Tokenizer::from_path(o.path, o.family);
  const data::DecodeOptions options{.skip_special = o.skip_special};
  StandardInput in;
  if (o.jsonl) return data::decode_jsonl(tokenizer, in, std::cout, options, kInput);
  std::vector<int32_t> ids;
  int32_t id = 0;
  while (in >> id) ids.push_back(id);
  if (!in.eof()) throw DataError("{}: number {} is not a token id", kInput, ids.size() + 1);
  fmt::print("{}", tokenizer.decode(ids, options));
}

void train(const TokenizerOptions& o) {
  const auto texts = data::read_training_texts(o.inputs);
  auto vocabulary = data::train_bpe(texts, o.train);
  data::write_tiktoken(vocabulary, o.out);
  data::SpecialTokens specials(data::TokenizerFamily::qwen1, vocabulary.size());
  const data::Tokenizer tokenizer(std::move(vocabulary), std::move(specials));
  size_t bytes = 0, tokens = 0;
  for (const auto& text : texts) bytes += text.size();
  for (const auto& ids : tokenizer.encode_batch(texts)) tokens += ids.size();
  fmt::print("{}: {} tokens from {} texts, {:.2f} bytes per token; with special tokens vocab_size {}\n",
             o.out, tokenizer.vocabulary().size(), texts.size(),
             double(bytes) / double(std::max<size_t>(tokens, 1)), tokenizer.vocab_size());
}

void add_reader_options(CLI::App& command, TokenizerOptions& o) {
  command
      .add_option("path", o.path, "qwen.tiktoken, vocab.json, tokenizer.json, or the folder that holds one")
      ->required();
  const std::map<std::string, data::TokenizerFamily> families{{"qwen1", data::TokenizerFamily::qwen1},
                                                              {"qwen1.5", data::TokenizerFamily::qwen1_5}};
  command.add_option("--family", o.family, "whose special tokens: qwen1 or qwen1.5")
      ->transform(CLI::CheckedTransformer(families));
  command.add_flag("--jsonl", o.jsonl, "one JSON object a line: {\"text\": ...} and {\"ids\": [...]}");
}

}  // namespace

void add_tokenizer(CLI::App& program, CommandContext& context) {
  const auto o = std::make_shared<TokenizerOptions>();
  auto* command = program.add_subcommand("tokenizer", "Encode and decode text, train a vocabulary");
  command->require_subcommand(1);

  auto* encode_command = command->add_subcommand("encode", "Text on stdin to token ids on stdout");
  add_reader_options(*encode_command, *o);
  encode_command->add_flag("--no-special", o->no_special, "special forms such as <|im_end|> are plain text");
  encode_command->callback([o, &context] { context.run([o] { encode(*o); }); });

  auto* decode_command = command->add_subcommand("decode", "Token ids on stdin to text on stdout");
  add_reader_options(*decode_command, *o);
  decode_command->add_flag("--skip-special,--no-special", o->skip_special, "leave special tokens out");
  decode_command->callback([o, &context] { context.run([o] { decode(*o); }); });

  auto* train_command =
      command->add_subcommand("train", "Learn a byte pair vocabulary from chat files or plain text");
  train_command
      ->add_option("--vocab-size", o->train.vocab_size, "ordinary tokens; special tokens come on top")
      ->required();
  train_command->add_option("--min-count", o->train.min_count, "a pair that occurs less often is not merged")
      ->capture_default_str();
  train_command->add_option("--out", o->out, "the file to write, in the format of qwen.tiktoken")->required();
  train_command->add_option("inputs", o->inputs, ".json and .jsonl: chat data; other files: plain text")
      ->required();
  train_command->callback([o, &context] { context.run([o] { train(*o); }); });
}

}  // namespace genesis::trainer
