#include "card_settings.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace genesis::emulation {
namespace {

size_t bytes_of(const std::string& text) {
  char* unit = nullptr;
  const size_t number = std::strtoull(text.c_str(), &unit, 10);
  const int shift = *unit == 'K' ? 10 : *unit == 'M' ? 20 : *unit == 'G' ? 30 : 0;
  return number << shift;
}

CardSettings read() {
  CardSettings s;
  const char* given = std::getenv("GENESIS_EMULATED_CARD");
  std::istringstream words(given ? given : "");
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals),
                      value = equals == word.npos ? "" : word.substr(equals + 1);
    if (key == "memory")
      s.memory = bytes_of(value);
    else if (key == "capability" && std::sscanf(value.c_str(), "%d.%d", &s.major, &s.minor) == 2)
      continue;
    else if (key == "driver")
      s.driver = std::atoi(value.c_str());
    else if (key == "illegal")
      s.illegal = std::atol(value.c_str());
    else if (word == "held")
      s.held = true;
    else if (word == "none")
      s.none = true;
    else {
      std::fprintf(stderr, "GENESIS_EMULATED_CARD: '%s' is unknown\n", word.c_str());
      std::abort();
    }
  }
  return s;
}

std::atomic<long> kernels{0};

}  // namespace

void note_kernel() { ++kernels; }

bool card_has_failed() {
  const long illegal = card_settings().illegal;
  return illegal > 0 && kernels >= illegal;
}

const CardSettings& card_settings() {
  static const CardSettings settings = read();
  return settings;
}

}  // namespace genesis::emulation
