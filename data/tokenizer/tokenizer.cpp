#include "data/tokenizer/tokenizer.h"

#include <atomic>
#include <exception>
#include <mutex>

#include "data/tokenizer/added_tokens.h"
#include "data/tokenizer/bpe.h"
#include "data/tokenizer/huggingface_vocabulary.h"
#include "data/tokenizer/nfc.h"
#include "data/tokenizer/pretokenizer.h"
#include "data/tokenizer/tiktoken_file.h"
#include "data/tokenizer/tokenizer_json.h"
#include "data/tokenizer/utf8.h"
#include "kernels/core/error.h"
#include "kernels/core/parallel_for.h"

namespace genesis::data {

struct Tokenizer::Shared {
  Shared(Vocabulary v, SpecialTokens s)
      : vocabulary(std::move(v)), specials(std::move(s)), encoder(vocabulary) {}
  Shared(const Shared&) = delete;

  /// A workspace lent to one call: taken from those at rest, given back at the end.
  class Loan {
   public:
    explicit Loan(const Shared& owner) : owner_(owner) {
      const std::lock_guard lock(owner_.mutex);
      if (!owner_.resting.empty()) {
        workspace_ = std::move(owner_.resting.back());
        owner_.resting.pop_back();
      }
      if (!workspace_) workspace_ = BytePairEncoder::make_workspace();
    }
    ~Loan() {
      const std::lock_guard lock(owner_.mutex);
      owner_.resting.push_back(std::move(workspace_));
    }
    Loan(const Loan&) = delete;
    BytePairEncoder::Workspace& operator*() const { return *workspace_; }

   private:
    const Shared& owner_;
    BytePairEncoder::WorkspacePointer workspace_;
  };

  void encode_plain(std::string_view text, BytePairEncoder::Workspace& workspace,
                    std::vector<int32_t>& out) const {
    for (const char *p = text.data(), *end = p + text.size(); p < end;) {
      const char* const stop = pretokenizer.piece_end(p, end);
      encoder.encode({p, size_t(stop - p)}, workspace, out);
      p = stop;
    }
  }

  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options,
                              BytePairEncoder::Workspace& workspace) const;

  const Vocabulary vocabulary;
  const SpecialTokens specials;
  const BytePairEncoder encoder;
  const Pretokenizer pretokenizer;
  mutable std::mutex mutex;
  mutable std::vector<BytePairEncoder::WorkspacePointer> resting;
};

std::vector<int32_t> Tokenizer::Shared::encode(std::string_view text, const EncodeOptions& options,
                                               BytePairEncoder::Workspace& workspace) const {
  std::vector<int32_t> out;
  out.reserve(text.size() / 3 + 8);
  std::string repaired, normalized;
  if (valid_utf8_prefix(text) != text.size()) text = repaired = replace_invalid_utf8(text);
  if (options.specials == SpecialForms::plain || !specials.before_nfc())
    text = normalize_nfc(text, normalized);
  for (size_t begin = 0; begin < text.size();) {
    SpecialTokens::Match match;
    if (options.specials == SpecialForms::parse) match = specials.next(text, begin, options.only);
    std::string_view stretch = text.substr(begin, match.begin - begin);
    std::string buffer;
    if (options.specials == SpecialForms::parse && specials.before_nfc())
      stretch = normalize_nfc(stretch, buffer);
    encode_plain(stretch, workspace, out);
    if (match.begin == std::string_view::npos) break;
    out.push_back(match.id);
    begin = match.begin + match.length;
  }
  return out;
}

Tokenizer::Tokenizer(Vocabulary vocabulary, SpecialTokens specials) {
  if (specials.first_id() != vocabulary.size())
    throw DataError("special tokens begin at id {}, the vocabulary ends at {}", specials.first_id(),
                    vocabulary.size());
  shared_ = std::make_shared<const Shared>(std::move(vocabulary), std::move(specials));
}

Tokenizer Tokenizer::from_file(const std::filesystem::path& path, std::optional<TokenizerFamily> family) {
  if (path.filename() == "tokenizer.json") {
    auto [vocabulary, specials] = read_tokenizer_json(path);
    return Tokenizer(std::move(vocabulary), std::move(specials));
  }
  const bool json = path.extension() == ".json";
  Vocabulary vocabulary =
      json ? read_vocab_json(path, path.parent_path() / "merges.txt") : read_tiktoken(path);
  if (json)
    if (auto added = read_added_tokens(path.parent_path(), vocabulary.size()))
      return Tokenizer(std::move(vocabulary), *std::move(added));
  SpecialTokens specials(family.value_or(json ? TokenizerFamily::qwen1_5 : TokenizerFamily::qwen1),
                         vocabulary.size());
  return Tokenizer(std::move(vocabulary), std::move(specials));
}

Tokenizer Tokenizer::from_folder(const std::filesystem::path& folder, std::optional<TokenizerFamily> family) {
  for (const char* name : {"qwen.tiktoken", "tokenizer.json", "vocab.json"})
    if (std::error_code ignored; std::filesystem::exists(folder / name, ignored))
      return from_file(folder / name, family);
  throw DataError(
      "{}: holds none of qwen.tiktoken, tokenizer.json, vocab.json; name another with --tokenizer or the "
      "key tokenizer",
      folder.string());
}

Tokenizer Tokenizer::from_path(const std::filesystem::path& path, std::optional<TokenizerFamily> family) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? from_folder(path, family) : from_file(path, family);
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  const Shared::Loan workspace(*shared_);
  return shared_->encode(text, options, *workspace);
}

std::vector<std::vector<int32_t>> Tokenizer::encode_batch(std::span<const std::string_view> texts,
                                                          const EncodeOptions& options) const {
  std::vector<std::vector<int32_t>> out(texts.size());
  std::atomic<size_t> next = 0;
  std::exception_ptr failure;
  std::mutex mutex;
  // Texts differ in length, so each thread takes the next one instead of a fixed share.
  parallel_for(int64_t(std::min<size_t>(texts.size(), size_t(thread_count()))), 1, [&](int64_t, int64_t) {
    try {
      const Shared::Loan workspace(*shared_);
      for (size_t i = next++; i < texts.size(); i = next++)
        out[i] = shared_->encode(texts[i], options, *workspace);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
  return out;
}

std::vector<std::vector<int32_t>> Tokenizer::encode_batch(std::span<const std::string> texts,
                                                          const EncodeOptions& options) const {
  return encode_batch(std::vector<std::string_view>(texts.begin(), texts.end()), options);
}

std::string_view Tokenizer::token_bytes(int32_t id) const {
  if (id >= 0 && id < shared_->vocabulary.size()) return shared_->vocabulary.bytes(id);
  if (shared_->specials.contains(id)) return shared_->specials.at(id).text;
  throw DataError("token id {} is outside the vocabulary of {}", id, vocab_size());
}

std::string Tokenizer::decode_bytes(std::span<const int32_t> ids, DecodeOptions options) const {
  std::string out;
  for (const int32_t id : ids) {
    const std::string_view bytes = token_bytes(id);
    if (!options.skip_special || !is_special(id)) out += bytes;
  }
  return out;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, DecodeOptions options) const {
  std::string bytes = decode_bytes(ids, options);
  return valid_utf8_prefix(bytes) == bytes.size() ? bytes : replace_invalid_utf8(bytes);
}

int32_t Tokenizer::vocab_size() const { return shared_->vocabulary.size() + shared_->specials.size(); }
const Vocabulary& Tokenizer::vocabulary() const { return shared_->vocabulary; }
const SpecialTokens& Tokenizer::specials() const { return shared_->specials; }

bool Tokenizer::is_special(int32_t id) const {
  return shared_->specials.contains(id) && shared_->specials.at(id).special;
}

int32_t Tokenizer::special_id(std::string_view text) const {
  const int32_t id = shared_->specials.find(text);
  if (id < 0) throw DataError("the tokenizer has no special token '{}'", printable(text));
  return id;
}

int32_t Tokenizer::eod_id() const { return special_id("<|endoftext|>"); }
int32_t Tokenizer::im_start_id() const { return special_id("<|im_start|>"); }
int32_t Tokenizer::im_end_id() const { return special_id("<|im_end|>"); }

}  // namespace genesis::data
