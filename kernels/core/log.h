#pragma once
#include <fmt/core.h>

#include <string_view>

namespace genesis {

/// Lines for people on stderr. Rank 0 prints; other ranks are silent unless it is an error of their own.
///   set_log_rank(-1) (the default) means "not one of several ranks".
void set_log_rank(int rank);
int log_rank();

/// A line on stderr from rank 0 only, flushed.
void log_line(std::string_view text);
/// A line on stderr from whichever rank calls it, with its rank in front when there are several.
void log_error(std::string_view text);

template <class... A>
void notice(fmt::format_string<A...> format, A&&... args) {
  log_line(fmt::format(format, std::forward<A>(args)...));
}
template <class... A>
void warn(fmt::format_string<A...> format, A&&... args) {
  log_line("warning: " + fmt::format(format, std::forward<A>(args)...));
}

}  // namespace genesis
