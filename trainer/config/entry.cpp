#include "trainer/config/entry.h"

#include <fmt/format.h>

namespace genesis::trainer {

std::string Value::shown() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return fmt::format("[{}]", fmt::join(items, ", "));
    case Kind::plain:
    case Kind::quoted:
      break;
  }
  return "'" + text + "'";
}

std::string Entry::about() const { return fmt::format("{}: key '{}'", where, key); }

}  // namespace genesis::trainer
