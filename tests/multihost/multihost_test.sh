#!/usr/bin/env bash
# Three hosts made of namespaces, mpirun over TCP between them.
#   multihost_test.sh SOURCE GENESIS [STEPS]
# 1. A short form of the quick start trains on all three; its metrics are the yardstick.
# 2. The same run, and one host's cable is pulled in mid-step: the job ends within the limit, with exit code 74 and a
#    message that names the host; nothing of it is left on any host; started again, it ends with the same metrics,
#    bit for bit.
# 3. Two ranks on each of two hosts, and one of the second host is stopped: rank 0 tells which.
# 4. A host on which the dataset is missing: refused, naming rank and file.
# 5. doctor sees three hosts.
# Prints SKIPPED and why, with status 0, where namespaces are not allowed (ctest reports it as skipped).
set -euo pipefail
source_dir=$1 genesis=$2 steps=${3:-40}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/multihost/hosts.sh
source "$here/hosts.sh"

if ! reason=$(hosts_possible); then
  echo "SKIPPED: tests/multihost needs network namespaces: $reason"
  exit 0
fi

work=$(mktemp -d)
finish() {
  hosts_down
  rm -rf -- "$work"
}
trap finish EXIT
hosts_up "$work"
failures=0
fail() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1 GENESIS=$genesis
export OMPI_MCA_plm_rsh_agent=$work/agent OMPI_MCA_btl=tcp,self,vader
hang=3
# The quick start's config, smaller and with a short limit.
start() { # start OUTPUT_FOLDER STEPS [RANKS HOST_FILE]
  on_host 1 "$source_dir/launch/run" -n "${3:-3}" --hosts "${4:-$work/hosts.one}" --interface "$hosts_net.0/24" \
    "$source_dir/configs/quickstart.yaml" "${keys[@]}" output_dir="$1" max_steps="$2"
}
sed 's/slots=2/slots=1/' "$work/hosts" >"$work/hosts.one"
"$genesis" samples --out "$work/data" >/dev/null
mkdir "$work/data/set"
head -n 400 "$work/data/train.jsonl" >"$work/data/set/few.jsonl"
head -n 12 "$work/data/heldout.jsonl" >"$work/data/eval.jsonl"
"$genesis" tokenizer train --vocab-size 400 --out "$work/data/qwen.tiktoken" "$work/data/set/few.jsonl" >/dev/null 2>&1
keys=(dataset="$work/data/set/few.jsonl" eval_dataset="$work/data/eval.jsonl" tokenizer="$work/data/qwen.tiktoken" save_steps=5
  logging_steps=1 global_batch_size=12 per_device_train_batch_size=1 resume_from_checkpoint=auto hang_timeout_seconds="$hang" eval_steps=0)

# Loss and gradient norm of every step.
trace() { grep -oE '"(step|loss|grad_norm)": ?[^,}]*' "$1/metrics.jsonl"; }
steps_done() { if [[ -e $1/metrics.jsonl ]]; then wc -l <"$1/metrics.jsonl"; else echo 0; fi; }
wait_for_steps() { # wait_for_steps FOLDER STEPS
  for _ in $(seq 1200); do
    if [[ $(steps_done "$1") -ge $2 ]]; then break; fi
    sleep 0.05
  done
}

echo "== 1. three hosts train"
if ! start "$work/whole" "$steps" >"$work/log" 2>&1; then
  cat "$work/log"
  fail "the run on three hosts"
  exit 1
fi
[[ $(steps_done "$work/whole") -eq $steps ]] || fail "$(steps_done "$work/whole") of $steps steps in metrics.jsonl"

echo "== 2. a cable is pulled"
start "$work/cut" "$steps" >"$work/log" 2>&1 &
job=$!
wait_for_steps "$work/cut" 12
before=$(steps_done "$work/cut")
cut_link 3
begin=$(date +%s%N)
status=0
wait "$job" || status=$?
took=$((($(date +%s%N) - begin) / 1000000))
printf 'cut after %d steps: exit code %d after %d ms\n' "$before" "$status" "$took"
grep -m 1 'error: hang' "$work/log" || true
[[ $before -lt $steps ]] || fail "the run was over before the cable was pulled"
[[ $status -eq 74 ]] || fail "exit code $status, not 74"
[[ $took -le $(((hang + 12) * 1000)) ]] || fail "$took ms until the job was over"
grep -qE "hang: rank 2 \(host $(host_name 3), pid [0-9]+\)" "$work/log" || fail "no message names the host"
sleep 1
for n in 1 2 3; do
  for _ in $(seq 100); do
    if [[ -z $(hosts_pids "$n") ]]; then break; fi
    sleep 0.1
  done
  [[ -z $(hosts_pids "$n") ]] || fail "processes left on host $n: $(hosts_pids "$n" | tr '\n' ' ')"
done
mend_link 3
if ((failures > 0)); then cat "$work/log"; fi
if ! start "$work/cut" "$steps" >"$work/log" 2>&1; then
  cat "$work/log"
  fail "the resumed run"
fi
grep -E 'resumed at step' "$work/log" || fail "the second start did not resume"
cmp <(trace "$work/whole") <(trace "$work/cut") || fail "the resumed run's losses are not those of the whole run"

echo "== 3. a rank on another host is stopped"
start "$work/stopped" 100000 4 "$work/hosts" >"$work/log" 2>&1 &
job=$!
wait_for_steps "$work/stopped" 3
for pid in $(hosts_pids 2); do
  if [[ $(cat "/proc/$pid/comm") == genesis ]]; then
    kill -STOP "$pid"
    break
  fi
done
begin=$(date +%s%N)
status=0
wait "$job" || status=$?
took=$((($(date +%s%N) - begin) / 1000000))
printf 'stopped: exit code %d after %d ms\n' "$status" "$took"
grep -m 1 'error: hang' "$work/log" || true
[[ $status -eq 74 ]] || fail "exit code $status, not 74"
[[ $took -le $(((hang + 12) * 1000)) ]] || fail "$took ms until the job was over"
grep -qE "rank 0: error: hang: rank [23] \(host $(host_name 2), pid [0-9]+\) is stopped" "$work/log" ||
  fail "rank 0 does not name the stopped rank"

echo "== 4. a host without the data"
status=0
begin=$(date +%s%N)
on_host 1 mpirun --bind-to none --hostfile "$work/hosts.one" --mca btl_tcp_if_include "$hosts_net.0/24" \
  --mca oob_tcp_if_include "$hosts_net.0/24" -n 3 /bin/sh -c \
  "case \$(hostname) in *h2) mount -t tmpfs tmpfs '$work/data/set';; esac; exec '$genesis' train '$source_dir/configs/quickstart.yaml' ${keys[*]} output_dir='$work/none'" \
  >"$work/log" 2>&1 || status=$?
took=$((($(date +%s%N) - begin) / 1000000))
grep 'error:' "$work/log" || true
[[ $status -eq 64 ]] || fail "exit code $status, not 64"
grep -qE "rank 1: error: .*few\.jsonl" "$work/log" || fail "the message names no rank and file"
[[ $(grep -c 'error: ' "$work/log") -eq 1 ]] || fail "$(grep -c 'error: ' "$work/log") ranks complain"
[[ $took -le 15000 ]] || fail "$took ms"

echo "== 5. doctor"
on_host 1 "$source_dir/launch/run" -n 3 --hosts "$work/hosts.one" --interface "$hosts_net.0/24" \
  doctor --folder "$work" --bytes 65536 >"$work/log" 2>&1 || fail "doctor's exit code"
grep -E '^(host|all_reduce|problem)' "$work/log" || true
for n in 1 2 3; do
  grep -q "^host $(host_name "$n"): ranks $((n - 1)); clock" "$work/log" || fail "doctor does not list host $n"
done
grep -q 'is not shared' "$work/log" && fail "doctor says the folder is not shared"
on_host 1 "$source_dir/launch/run" -n 3 --hosts "$work/hosts.one" --interface "$hosts_net.0/24" \
  doctor --folder /dev/shm --bytes 1024 >"$work/log2" 2>&1 || fail "doctor's exit code"
grep -q '/dev/shm is not shared: ranks 1 2 do not see' "$work/log2" || fail "doctor does not see that /dev/shm is not shared"

if ((failures > 0)); then
  cat "$work/log"
  exit 1
fi
echo "multihost: all good"
