#!/usr/bin/env bash
# The mpirun line that launch/run composes, what it refuses, and what it makes of a job's end.
#   run_test.sh SOURCE [GENESIS]
set -euo pipefail
unset OMP_NUM_THREADS OMP_WAIT_POLICY  # launch/run forwards what it is given
root=$1 genesis=${2:-}
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
note() { echo "$1" >>"$GENESIS_EXIT_NOTE"; }
if [ "$code" = wait ]; then trap 'note 75; exit 75' USR1; touch "$here/up"; while :; do sleep 0.05; done; fi
case $code in *!) code=${code%!}; note "$code"; touch "$here/crash" ;; esac
exit "$code"
FAILS
# Stands for mpirun: runs what follows the options; a code that ends in ! was noted by the program, and mpirun crashes.
mkdir "$scratch/bin"
cat >"$scratch/bin/mpirun" <<'MPIRUN'
#!/bin/bash
here=$(dirname "$0")/..
while [[ $# -gt 0 && $1 != "$GENESIS" ]]; do shift; done
code=0
"$@" || code=$?
if [[ -e $here/crash ]]; then
  rm "$here/crash"
  ulimit -c 0
  kill -SEGV $$
fi
exit "$code"
MPIRUN
chmod +x "$scratch/fails" "$scratch/bin/mpirun"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
expect_starts() { # expect_starts STARTS CODE RESTARTS CODES…
  local starts=$1 want=$2 restarts=$3 got=0 n
  shift 3
  rm -f "$scratch/starts"
  printf '%s\n' "$@" >"$scratch/codes"
  PATH=$scratch/bin:$PATH GENESIS=$scratch/fails "$root/launch/run" -n 1 --max-restarts "$restarts" train a.yaml >"$scratch/out" 2>&1 || got=$?
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
# What the program noted holds when mpirun crashes: mistakes are not started again, the end is the end.
expect_starts 1 64 3 '64!' 0
expect_starts 1 70 3 '70!' 0
expect_starts 1 0 3 '0!' 74
expect_starts 2 74 1 '74!' '74!' 0
expect_starts 3 0 3 '75!' 74 '0!'
if [[ -n $genesis ]]; then # the program itself leaves the note
  printf 'learning_rat: 1\n' >"$scratch/wrong.yaml"
  touch "$scratch/crash"
  got=0
  PATH=$scratch/bin:$PATH GENESIS=$genesis "$root/launch/run" -n 1 --max-restarts 3 train "$scratch/wrong.yaml" \
    >"$scratch/out" 2>&1 || got=$?
  if [[ $got != 64 ]] || grep -q 'start 2' "$scratch/out"; then
    printf 'a wrong config under an mpirun that crashes: exit code %d\n' "$got"
    cat "$scratch/out"
    failures=$((failures + 1))
  fi
fi
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
for _ in $(seq 1200); do if [[ -e $scratch/up ]]; then break; fi; sleep 0.05; done
kill -TERM "$script"
got=0
wait "$script" || got=$?
if [[ $got != 75 || $(wc -l <"$scratch/starts") != 1 ]]; then
  printf 'launch/run after SIGTERM: exit code %d after %d starts\n' "$got" "$(wc -l <"$scratch/starts")"
  cat "$scratch/out"
  failures=$((failures + 1))
fi

# launch/genesis.sbatch: srun's status is the highest of its tasks'; what the first rank noted decides.
cat >"$scratch/bin/srun" <<'SRUN'
#!/bin/bash
[[ -z ${NOTED:-} ]] || echo "$NOTED" >>"$GENESIS_EXIT_NOTE"
exit "$STATUS"
SRUN
printf '#!/bin/sh\necho "$*" >>"%s/queued"\n' "$scratch" >"$scratch/bin/scontrol"
chmod +x "$scratch/bin/srun" "$scratch/bin/scontrol"
expect_queue() { # expect_queue TIMES CODE STATUS [NOTED]: how often the job is queued again, its exit code
  local got=0 times=0
  rm -f "$scratch/queued"
  STATUS=$3 NOTED=${4:-} SLURM_JOB_ID=7 SLURM_SUBMIT_DIR=$scratch PATH=$scratch/bin:$PATH GENESIS=/bin/true \
    bash "$root/launch/genesis.sbatch" a.yaml >"$scratch/out" 2>&1 || got=$?
  if [[ -e $scratch/queued ]]; then times=$(wc -l <"$scratch/queued"); fi
  if [[ $got != "$2" || $times != "$1" || -e $scratch/.genesis-7.exit ]]; then
    printf 'genesis.sbatch, srun %s, noted "%s": queued %d times, exit code %d\n' "$3" "${4:-}" "$times" "$got"
    cat "$scratch/out"
    failures=$((failures + 1))
  fi
}
expect_queue 0 0 0
expect_queue 0 64 137 64
expect_queue 1 74 137 74
expect_queue 1 137 137
expect_queue 0 66 66

missing=$("$root/launch/install_packages" --list) || failures=$((failures + 1))
if grep -qvE '^[a-z0-9.+-]*$' <<<"$missing"; then
  printf 'install_packages --list printed something else than package names: %s\n' "$missing"
  failures=$((failures + 1))
fi
exit "$((failures > 0))"
