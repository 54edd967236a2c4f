# shellcheck shell=bash
# Sourced by the launch scripts: progress lines.

# A line that says what happens now, with the seconds since the script began.
say() { printf '== %4ds  %s\n' "$SECONDS" "$*"; }

# Ends the script with a reason.
die() {
  printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
  exit 1
}
