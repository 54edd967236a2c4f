#include "data/tokenizer/vocabulary.h"

#include <bit>
#include <cstring>

#include "kernels/core/error.h"

namespace genesis::data {
namespace {

constexpr size_t kMaxTokens = size_t(1) << 24;

uint64_t load8(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return uint64_t(product) ^ uint64_t(product >> 64);
}

constexpr uint64_t kKeyA = 0x9e3779b97f4a7c15ull, kKeyB = 0xd6e8feb86659fd93ull;

}  // namespace

uint64_t Vocabulary::first_bytes(std::string_view s) {
  const char* p = s.data();
  const size_t n = s.size();
  if (n >= 8) return load8(p);
  if (n >= 4) {
    uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + n - 4, 4);
    return low | uint64_t(high) << (8 * (n - 4));
  }
  return uint64_t(uint8_t(p[0])) | uint64_t(uint8_t(p[n / 2])) << (8 * (n / 2)) |
         uint64_t(uint8_t(p[n - 1])) << (8 * (n - 1));
}

uint64_t Vocabulary::hash(std::string_view s) {
  uint64_t h = mix(first_bytes(s) ^ kKeyA, kKeyB ^ s.size());
  if (s.size() <= 8) return h;
  for (size_t i = 8; i + 8 < s.size(); i += 8) h = mix(h ^ load8(s.data() + i), kKeyA);
  return mix(h ^ load8(s.data() + s.size() - 8), kKeyB);
}

int32_t Vocabulary::find(std::string_view s, uint64_t hash) const {
  const uint64_t first = first_bytes(s);
  for (uint64_t i = hash & mask_;; i = (i + 1) & mask_) {
    const Slot& slot = slots_[i];
    if (slot.rank == kNone) return kNone;
    if (slot.first == first && slot.length == s.size() &&
        (s.size() <= 8 || std::memcmp(text_.data() + begin_[size_t(slot.rank)], s.data(), s.size()) == 0))
      return slot.rank;
  }
}

Vocabulary::Vocabulary(const std::vector<std::string>& tokens, std::string_view name) {
  if (tokens.size() >= kMaxTokens)
    throw DataError("{}: {} tokens, the most is {}", name, tokens.size(), kMaxTokens - 1);
  slots_.resize(std::bit_ceil(tokens.size() + tokens.size() / 2 + 2));
  mask_ = slots_.size() - 1;
  begin_.reserve(tokens.size() + 1);
  begin_.push_back(0);
  byte_tokens_.fill(kNone);
  for (size_t rank = 0; rank < tokens.size(); ++rank) {
    const std::string& token = tokens[rank];
    if (token.empty()) throw DataError("{}: the token of rank {} is empty", name, rank);
    const uint64_t h = hash(token);
    if (const int32_t earlier = find(token, h); earlier != kNone)
      throw DataError("{}: ranks {} and {} are the same token '{}'", name, earlier, rank, printable(token));
    uint64_t i = h & mask_;
    while (slots_[i].rank != kNone) i = (i + 1) & mask_;
    slots_[i] = {first_bytes(token), uint32_t(token.size()), int32_t(rank)};
    text_ += token;
    begin_.push_back(text_.size());
    longest_ = std::max(longest_, token.size());
    if (token.size() == 1) byte_tokens_[uint8_t(token[0])] = int32_t(rank);
  }
  for (int byte = 0; byte < 256; ++byte)
    if (byte_tokens_[size_t(byte)] == kNone)
      throw DataError("{}: the single-byte token 0x{:02x} is missing", name, byte);
}

const std::array<uint8_t, 256>& byte_order() {
  static const std::array<uint8_t, 256> order = [] {
    const auto shown = [](int b) { return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b != 0xad); };
    std::array<uint8_t, 256> bytes{};
    size_t n = 0;
    for (const bool wanted : {true, false})
      for (int b = 0; b < 256; ++b)
        if (shown(b) == wanted) bytes[n++] = uint8_t(b);
    return bytes;
  }();
  return order;
}

std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", uint8_t(c));
    }
  }
  return out;
}

}  // namespace genesis::data
