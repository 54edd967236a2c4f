#!/usr/bin/env bash
# The mpirun line that launch/run composes, and what it refuses. Argument: the source folder.
set -euo pipefail
unset OMP_NUM_THREADS OMP_WAIT_POLICY  # launch/run forwards what it is given
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
expect yes '/bin/true train a\.yaml x=1 $' -n 1 a.yaml x=1
expect yes '/bin/true doctor $' -n 1 doctor
expect yes '--hostfile /dev/null' --hosts /dev/null -n 100000 a.yaml
expect yes 'keepalive' --hosts /dev/null -n 2 a.yaml
expect no '--oversubscribe' --hosts /dev/null -n 100000 a.yaml
expect yes '--mca btl_tcp_if_include 10\.0\.0\.0/8 ' --interface 10.0.0.0/8 -n 2 a.yaml
expect yes 'NCCL_SOCKET_IFNAME=eth7' --interface eth7 -n 2 a.yaml
NCCL_DEBUG=WARN expect yes '-x NCCL_DEBUG ' -n 2 a.yaml
expect yes 'not a number$' --max-restarts many a.yaml
expect "$([[ $(id -u) -eq 0 ]] && echo yes || echo no)" '--allow-run-as-root' train a.yaml
expect yes 'which command.*' -n 2
expect yes 'not a number of ranks' -n two train a.yaml
expect yes 'not a number of threads' --threads 0 train a.yaml
expect yes 'no such file' --hosts /no/such/file train a.yaml
expect yes 'unknown option --frob' --frob train a.yaml
expect yes 'status 1' --frob train a.yaml

# Restarts: what is started fails with these codes, one a start; wanted: the number of starts, the last code.
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
cat >"$scratch/fails" <<'FAILS'
#!/bin/sh
# Notes its arguments and exits with the next of the codes in a file.
here=$(dirname "$0")
echo "$*" >>"$here/starts"
code=$(head -n 1 "$here/codes")
sed -i 1d "$here/codes"
if [ "$code" = wait ]; then trap 'exit 75' USR1; touch "$here/up"; while :; do sleep 0.05; done; fi
exit "$code"
FAILS
chmod +x "$scratch/fails"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
expect_starts() { # expect_starts STARTS CODE RESTARTS CODES…
  local starts=$1 want=$2 restarts=$3 got=0 n
  shift 3
  rm -f "$scratch/starts"
  printf '%s\n' "$@" >"$scratch/codes"
  GENESIS=$scratch/fails "$root/launch/run" -n 1 --max-restarts "$restarts" train a.yaml >"$scratch/out" 2>&1 || got=$?
  n=$(wc -l <"$scratch/starts")
  if [[ $got != "$want" || $n != "$starts" ]]; then
    printf 'launch/run with codes %s: %d starts and exit code %d, wanted %d and %d\n' "$*" "$n" "$got" "$starts" "$want"
    cat "$scratch/out"
    failures=$((failures + 1))
  fi
}
expect_starts 1 0 3 0
expect_starts 3 0 3 74 75 0
expect_starts 2 74 1 74 74 0
expect_starts 2 0 1 139 0
expect_starts 1 74 0 74 0
for code in 64 65 66 70 73; do expect_starts 1 $code 3 $code 0; done
expect_starts 3 0 3 74 75 0
if [[ $(sed -n 1p "$scratch/starts") == *resume* || $(sed -n 2p "$scratch/starts") != *resume_from_checkpoint=auto ]]; then
  printf 'a restart resumes, the first start does as told: %s\n' "$(cat "$scratch/starts")"
  failures=$((failures + 1))
fi

# A signal to the script is handed on, and ends it without another start.
printf 'wait\n0\n' >"$scratch/codes"
rm -f "$scratch/starts" "$scratch/up"
GENESIS=$scratch/fails "$root/launch/run" -n 1 --max-restarts 3 train a.yaml >"$scratch/out" 2>&1 &
script=$!
for _ in $(seq 200); do if [[ -e $scratch/up ]]; then break; fi; sleep 0.05; done
kill -TERM "$script"
got=0
wait "$script" || got=$?
if [[ $got != 75 || $(wc -l <"$scratch/starts") != 1 ]]; then
  printf 'launch/run after SIGTERM: exit code %d after %d starts\n' "$got" "$(wc -l <"$scratch/starts")"
  cat "$scratch/out"
  failures=$((failures + 1))
fi

missing=$("$root/launch/install_packages" --list) || failures=$((failures + 1))
if grep -qvE '^[a-z0-9.+-]*$' <<<"$missing"; then
  printf 'install_packages --list printed something else than package names: %s\n' "$missing"
  failures=$((failures + 1))
fi
exit "$((failures > 0))"
