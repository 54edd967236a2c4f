#include "data/tokenizer/huggingface_vocabulary.h"

#include <nlohmann/json.hpp>

#include "data/tokenizer/bpe.h"
#include "data/tokenizer/byte_alphabet.h"
#include "data/tokenizer/text_file.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

constexpr int32_t kBytes = 256;

/// Takes {"token": id, ...} and nothing else, without building a tree.
class TokenListReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  TokenListReader(std::string_view file, std::vector<ListedToken>& out) : file_(file), out_(out) {}
  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("a truth value"); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override {
    return add(int64_t(std::min<uint64_t>(value, INT64_MAX)));
  }
  bool number_float(number_float_t, const string_t& text) override { return refuse(text); }
  bool string(string_t&) override { return refuse("a string"); }
  bool binary(binary_t&) override { return refuse("binary data"); }
  bool start_object(size_t) override { return open_++ == 0 || refuse("an object"); }
  bool key(string_t& key) override {
    key_ = std::move(key);
    return true;
  }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return refuse("an array"); }
  bool end_array() override { return true; }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) override {
    throw DataError("{}: {:.200}", file_, error.what());
  }

 private:
  bool add(int64_t id) {
    if (open_ != 1) return refuse(std::to_string(id));
    out_.push_back({std::move(key_), id});
    return true;
  }
  bool refuse(std::string_view what) {
    throw DataError("{}: token '{}': expected an id, found {}", file_, printable(key_), what);
  }

  std::string_view file_;
  std::vector<ListedToken>& out_;
  std::string key_;
  int open_ = 0;
};

std::vector<ListedMerge> parse_merges(std::string_view text, const std::string& file) {
  std::vector<ListedMerge> merges;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number == 1 && line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos)
      throw DataError("{}:{}: a line is 'left SPACE right', this is '{}'", file, number,
                      printable(line.substr(0, 80)));
    merges.push_back({std::string(line.substr(0, space)), std::string(line.substr(space + 1)),
                      fmt::format("{}:{}", file, number)});
  }
  return merges;
}

std::string bytes_of(std::string_view text, std::string_view place) {
  auto bytes = from_byte_alphabet(text);
  if (!bytes) throw DataError("{}: '{}' has a character that stands for no byte", place, printable(text));
  return *std::move(bytes);
}

/// The two tokens whose merge makes the token of this rank, or nothing.
std::vector<int32_t> halves_of(const Vocabulary& vocabulary, const BytePairEncoder& encoder, int32_t rank,
                               BytePairEncoder::Workspace& workspace) {
  std::vector<int32_t> halves;
  encoder.merge(vocabulary.bytes(rank), rank, workspace, halves);
  if (halves.size() != 2) halves.clear();
  return halves;
}

}  // namespace

Vocabulary vocabulary_of_merges(const std::vector<ListedToken>& listed,
                                const std::vector<ListedMerge>& merges, std::string_view name) {
  std::vector<std::string> tokens(listed.size());  // [id]
  for (const ListedToken& token : listed) {
    if (token.id < 0 || token.id >= int64_t(listed.size()))
      throw DataError("{}: token '{}' has id {} among {} tokens: the ids have a hole", name,
                      printable(token.text), token.id, listed.size());
    std::string& bytes = tokens[size_t(token.id)];
    if (!bytes.empty())
      throw DataError("{}: id {} is given twice, to '{}' again", name, token.id, printable(token.text));
    bytes = bytes_of(token.text, name);
    if (bytes.empty()) throw DataError("{}: the token of id {} is empty", name, token.id);
  }
  Vocabulary vocabulary(tokens, name);
  if (tokens.size() != kBytes + merges.size())
    throw DataError("{}: {} tokens and {} merges; expected {} single bytes and one token for each merge",
                    name, tokens.size(), merges.size(), kBytes);
  const BytePairEncoder encoder(vocabulary);
  const auto workspace = BytePairEncoder::make_workspace();
  for (int32_t i = 0; i < int32_t(merges.size()); ++i) {
    const ListedMerge& merge = merges[size_t(i)];
    const std::string left = bytes_of(merge.left, merge.place), right = bytes_of(merge.right, merge.place);
    const int32_t id = kBytes + i;
    if (vocabulary.find(left + right) != id)
      throw DataError("{}: the merge '{}' '{}' makes id {}, its place asks for id {}", merge.place,
                      printable(merge.left), printable(merge.right), vocabulary.find(left + right), id);
    const auto halves = halves_of(vocabulary, encoder, id, *workspace);
    if (halves.empty() || vocabulary.bytes(halves[0]) != left)
      throw DataError("{}: the merge '{}' '{}' never happens in the order of ids", merge.place,
                      printable(merge.left), printable(merge.right));
  }
  return vocabulary;
}

Vocabulary parse_vocab_json(std::string_view vocab, std::string_view vocab_name, std::string_view merges,
                            const std::string& merges_name) {
  std::vector<ListedToken> tokens;
  TokenListReader reader(vocab_name, tokens);
  nlohmann::json::sax_parse(vocab.begin(), vocab.end(), &reader);
  return vocabulary_of_merges(tokens, parse_merges(merges, merges_name), vocab_name);
}

Vocabulary read_vocab_json(const std::filesystem::path& vocab, const std::filesystem::path& merges) {
  return parse_vocab_json(read_text_file(vocab), vocab.string(), read_text_file(merges), merges.string());
}

std::vector<std::pair<int32_t, int32_t>> merges_of(const Vocabulary& vocabulary) {
  const BytePairEncoder encoder(vocabulary);
  const auto workspace = BytePairEncoder::make_workspace();
  std::vector<std::pair<int32_t, int32_t>> merges;
  for (int32_t rank = 0; rank < vocabulary.size(); ++rank) {
    const bool single = vocabulary.bytes(rank).size() == 1;
    const auto halves = single ? std::vector<int32_t>{} : halves_of(vocabulary, encoder, rank, *workspace);
    if (single != (rank < kBytes) || (!single && halves.empty()))
      throw DataError("the token '{}' of rank {} is not made by one merge of earlier tokens",
                      printable(vocabulary.bytes(rank)), rank);
    if (!single) merges.emplace_back(halves[0], halves[1]);
  }
  return merges;
}

void write_vocab_json(const Vocabulary& vocabulary, const std::filesystem::path& vocab,
                      const std::filesystem::path& merges) {
  std::string list = "#version: 0.2\n", object = "{";
  for (const auto& [left, right] : merges_of(vocabulary))
    list += to_byte_alphabet(vocabulary.bytes(left)) + ' ' + to_byte_alphabet(vocabulary.bytes(right)) + '\n';
  for (int32_t rank = 0; rank < vocabulary.size(); ++rank)
    object += fmt::format("{}{}:{}", rank == 0 ? "" : ",",
                          nlohmann::json(to_byte_alphabet(vocabulary.bytes(rank))).dump(), rank);
  write_text_file(vocab, object + "}");
  write_text_file(merges, list);
}

}  // namespace genesis::data
