#include "data/tokenizer/jsonl.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/tokenizer/utf8.h"
#include "kernels/core/error.h"

namespace genesis::data {
namespace {

using nlohmann::json;

constexpr size_t kMaxLinesAtOnce = 4096, kMaxBytesAtOnce = size_t(1) << 22;

/// The unit of a \uXXXX escape at the front, or -1.
int escaped_unit(std::string_view s) {
  if (s.size() < 6 || s[0] != '\\' || s[1] != 'u') return -1;
  int unit = 0;
  for (const char c : s.substr(2, 4)) {
    const int digit = c >= '0' && c <= '9'                 ? c - '0'
                      : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                           : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

/// JSON text whose surrogate escapes all come in pairs: a lone one, which is no character, becomes \ufffd.
std::string pair_surrogates(std::string line) {
  for (size_t i = line.find('\\'); i != std::string::npos; i = line.find('\\', i)) {
    const auto is = [&](size_t at, int from) {
      const int unit = at <= line.size() ? escaped_unit(std::string_view(line).substr(at)) : -1;
      return unit >= from && unit < from + 0x400;
    };
    if (is(i, 0xd800) && is(i + 6, 0xdc00)) {
      i += 12;
      continue;
    }
    if (is(i, 0xd800) || is(i, 0xdc00)) line.replace(i, 6, "\\ufffd");
    i += 2;
  }
  return line;
}

struct Place {
  std::string_view name;
  size_t line = 0;
};

/// The value of the one key that a line must have.
json value_of(const std::string& line, const char* key, const Place& place) {
  json object;
  try {
    object = json::parse(pair_surrogates(replace_invalid_utf8(line)));
  } catch (const json::exception& error) {
    throw DataError("{}:{}: {:.200}", place.name, place.line, error.what());
  }
  if (!object.is_object() || !object.contains(key))
    throw DataError("{}:{}: a line is an object with the key \"{}\"", place.name, place.line, key);
  return std::move(object[key]);
}

/// Collects lines while more are there at once, then hands them over; `first` is the number of the first,
/// from 1.
void for_each_batch(std::istream& in,
                    const std::function<void(const std::vector<std::string>&, size_t first)>& take) {
  std::vector<std::string> lines;
  size_t first = 1, bytes = 0;
  const auto hand_over = [&] {
    if (!lines.empty()) take(lines, first);
    first += lines.size();
    lines.clear();
    bytes = 0;
  };
  for (std::string line; std::getline(in, line);) {
    bytes += line.size();
    lines.push_back(std::move(line));
    if (in.rdbuf()->in_avail() <= 0 || lines.size() >= kMaxLinesAtOnce || bytes >= kMaxBytesAtOnce)
      hand_over();
  }
  hand_over();
}

void write(std::ostream& out, const std::string& text) {
  out << text << std::flush;
  if (!out) throw DiskError("the output cannot be written");
}

}  // namespace

void encode_jsonl(const Tokenizer& tokenizer, std::istream& in, std::ostream& out,
                  const EncodeOptions& options, std::string_view name) {
  for_each_batch(in, [&](const std::vector<std::string>& lines, size_t first) {
    std::vector<std::string> texts;
    for (size_t i = 0; i < lines.size(); ++i) {
      json text = value_of(lines[i], "text", {name, first + i});
      if (!text.is_string()) throw DataError("{}:{}: \"text\" is not a text", name, first + i);
      texts.push_back(std::move(text.get_ref<std::string&>()));
    }
    std::string answer;
    for (const auto& ids : tokenizer.encode_batch(texts, options))
      answer += fmt::format("{{\"ids\": [{}]}}\n", fmt::join(ids, ", "));
    write(out, answer);
  });
}

void decode_jsonl(const Tokenizer& tokenizer, std::istream& in, std::ostream& out,
                  const DecodeOptions& options, std::string_view name) {
  for_each_batch(in, [&](const std::vector<std::string>& lines, size_t first) {
    std::string answer;
    for (size_t i = 0; i < lines.size(); ++i) {
      const json list = value_of(lines[i], "ids", {name, first + i});
      std::vector<int32_t> ids;
      const auto integer = [](const json& id) { return id.is_number_integer(); };
      if (!list.is_array() || !std::all_of(list.begin(), list.end(), integer))
        throw DataError("{}:{}: \"ids\" is not a list of integers", name, first + i);
      for (const json& id : list) {
        const auto value = id.get<int64_t>();
        if (value < 0 || value >= tokenizer.vocab_size())
          throw DataError("{}:{}: token id {} is outside the vocabulary of {}", name, first + i, id.dump(),
                          tokenizer.vocab_size());
        ids.push_back(int32_t(value));
      }
      answer += fmt::format("{{\"text\": {}}}\n", json(tokenizer.decode(ids, options)).dump());
    }
    write(out, answer);
  });
}

}  // namespace genesis::data
