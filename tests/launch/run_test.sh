#!/usr/bin/env bash
# The mpirun line that launch/run composes, and what it refuses. Argument: the source folder.
set -euo pipefail
root=$1
failures=0

line() { GENESIS=/bin/true "$root/launch/run" --print "$@" 2>&1 || printf 'status %d\n' "$?"; }

expect() { # expect yes|no PATTERN ARGUMENTS…: the line for these arguments does (not) hold the pattern
  local want=$1 pattern=$2 got=no text
  shift 2
  text=$(line "$@")
  if grep -qE -- "$pattern" <<<"$text"; then got=yes; fi
  if [[ $got != "$want" ]]; then
    printf 'launch/run %s: "%s" in the line: %s, wanted: %s\n  %s\n' "$*" "$pattern" "$got" "$want" "$text"
    failures=$((failures + 1))
  fi
}

expect yes '^mpirun --bind-to none .*-n 2 /bin/true train a\.yaml $' -n 2 train a.yaml
expect yes "/bin/true train my\\\\ config.yaml seed=1 $" -n 1 train 'my config.yaml' seed=1
expect yes 'OMP_NUM_THREADS=3' --threads 3 train a.yaml
expect no 'OMP_NUM_THREADS' train a.yaml
expect no '--oversubscribe' -n 1 train a.yaml
expect yes '--oversubscribe' -n 100000 train a.yaml
expect yes '--hostfile /dev/null' --hostfile /dev/null -n 100000 train a.yaml
expect no '--oversubscribe' --hostfile /dev/null -n 100000 train a.yaml
expect "$([[ $(id -u) -eq 0 ]] && echo yes || echo no)" '--allow-run-as-root' train a.yaml
expect yes 'which command.*' -n 2
expect yes 'not a number of ranks' -n two train a.yaml
expect yes 'not a number of threads' --threads 0 train a.yaml
expect yes 'no such file' --hostfile /no/such/file train a.yaml
expect yes 'unknown option --frob' --frob train a.yaml
expect yes 'status 1' --frob train a.yaml

missing=$("$root/launch/install_packages" --list) || failures=$((failures + 1))
if grep -qvE '^[a-z0-9.+-]*$' <<<"$missing"; then
  printf 'install_packages --list printed something else than package names: %s\n' "$missing"
  failures=$((failures + 1))
fi
exit "$((failures > 0))"
