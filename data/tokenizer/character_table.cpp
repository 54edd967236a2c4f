#include "data/tokenizer/character_table.h"

#include <utf8proc.h>

#include <map>
#include <string_view>

namespace genesis::data {
namespace {

bool is_white_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

CharacterClass classify(uint32_t c, const utf8proc_property_t& property) {
  if (c == '\r' || c == '\n') return CharacterClass::newline;
  if (is_white_space(c)) return CharacterClass::space;
  switch (property.category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharacterClass::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharacterClass::number;
    default:
      return CharacterClass::other;
  }
}

constexpr uint32_t kHangulVowels[2] = {0x1161, 0x1175}, kHangulTails[2] = {0x11a8, 0x11c2};

}  // namespace

const CharacterTable& CharacterTable::get() {
  static const CharacterTable table;
  return table;
}

CharacterTable::CharacterTable() {
  std::vector<uint8_t> flat(kCodePoints);
  for (uint32_t c = 0; c < kCodePoints; ++c) {
    const utf8proc_property_t& property = *utf8proc_get_property(utf8proc_int32_t(c));
    flat[c] |= uint8_t(classify(c, property));
    if (property.combining_class != 0) flat[c] |= kUnstable;
    if (property.decomp_seqindex == UINT16_MAX || property.decomp_type != 0) continue;
    // A canonical decomposition: what follows its first character may join a preceding one.
    utf8proc_int32_t parts[16];
    int boundary = 0;
    const auto n = utf8proc_decompose_char(utf8proc_int32_t(c), parts, 16, UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 1; i < n; ++i) flat[size_t(parts[i])] |= kUnstable;
    const auto composed =
        utf8proc_normalize_utf32(parts, n, utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (composed != 1 || parts[0] != utf8proc_int32_t(c)) flat[c] |= kUnstable;
  }
  for (uint32_t c = kHangulVowels[0]; c <= kHangulVowels[1]; ++c) flat[c] |= kUnstable;
  for (uint32_t c = kHangulTails[0]; c <= kHangulTails[1]; ++c) flat[c] |= kUnstable;

  std::map<std::string_view, uint16_t> known;
  for (uint32_t b = 0; b < kCodePoints / 256; ++b) {
    const std::string_view block(reinterpret_cast<const char*>(flat.data()) + size_t(b) * 256, 256);
    const auto [found, fresh] = known.try_emplace(block, uint16_t(known.size()));
    if (fresh) blocks_.insert(blocks_.end(), block.begin(), block.end());
    block_of_[b] = found->second;
  }
}

}  // namespace genesis::data
