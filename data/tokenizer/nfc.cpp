#include "data/tokenizer/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "data/tokenizer/character_table.h"
#include "data/tokenizer/utf8.h"
#include "kernels/core/check.h"

namespace genesis::data {
namespace {

int combining_class(utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; }

/// Canonical order: runs of marks sorted by class, stable. (utf8proc's own sort is quadratic on long runs.)
void order_marks(std::vector<utf8proc_int32_t>& codes) {
  for (size_t i = 0; i < codes.size();) {
    if (combining_class(codes[i]) == 0) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < codes.size() && combining_class(codes[end]) != 0) ++end;
    std::stable_sort(codes.begin() + ptrdiff_t(i), codes.begin() + ptrdiff_t(end),
                     [](auto a, auto b) { return combining_class(a) < combining_class(b); });
    i = end;
  }
}

void append_normalized(std::string_view stretch, std::string& out) {
  std::vector<utf8proc_int32_t> codes;
  for (const char *p = stretch.data(), *end = p + stretch.size(); p < end;) {
    utf8proc_int32_t parts[16];
    int boundary = 0;
    const auto n = utf8proc_decompose_char(utf8proc_int32_t(read_valid_utf8(p)), parts, 16,
                                           UTF8PROC_DECOMPOSE, &boundary);
    GENESIS_INVARIANT(n >= 0 && n <= 16, "utf8proc_decompose_char gave ", n);
    codes.insert(codes.end(), parts, parts + n);
  }
  order_marks(codes);
  const auto n = utf8proc_normalize_utf32(codes.data(), utf8proc_ssize_t(codes.size()),
                                          utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  GENESIS_INVARIANT(n >= 0, "utf8proc_normalize_utf32 gave ", n);
  for (utf8proc_ssize_t i = 0; i < n; ++i) append_utf8(uint32_t(codes[size_t(i)]), out);
}

}  // namespace

std::string_view normalize_nfc(std::string_view text, std::string& buffer) {
  const CharacterTable& table = CharacterTable::get();
  const char* const end = text.data() + text.size();
  const char *copied = text.data(), *previous = text.data();
  buffer.clear();
  for (const char* p = text.data(); p < end;) {
    if (uint8_t(*p) < 0x80) {
      p += ascii_prefix({p, size_t(end - p)});
      previous = p - 1;
      continue;
    }
    const char* const here = p;
    if (table.stable(read_valid_utf8(p))) {
      previous = here;
      continue;
    }
    // From the character before, which the marks may join, to the next one that starts afresh.
    const char* stop = p;
    while (p < end) {
      stop = p;
      if (table.stable(read_valid_utf8(p))) break;
      stop = p;
    }
    buffer.append(copied, previous);
    append_normalized({previous, size_t(stop - previous)}, buffer);
    copied = previous = p = stop;
  }
  if (copied == text.data()) return text;
  buffer.append(copied, end);
  return buffer;
}

}  // namespace genesis::data
