#!/bin/bash
# launch/check_card on the emulated card: every part it can run there passes and is in the table, a run that goes wrong is a line and an exit
# code, and without a card it says so.
#   check_card_test.sh SOURCE BUILD
set -euo pipefail
check=$1/launch/check_card build=$2
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

wanted() { # wanted CODE PATTERN ARGUMENTS…: the exit code, and a line that must be printed
  local code=0 want=$1 pattern=$2
  shift 2
  "$check" --build "$build" --out "$work/out" "$@" >"$work/said" 2>&1 || code=$?
  if [[ $code != "$want" ]] || ! grep -qE -- "$pattern" "$work/said"; then
    printf 'check_card %s: exit code %s, wanted %s and "%s":\n' "$*" "$code" "$want" "$pattern"
    cat "$work/said"
    [[ ! -e $work/out/log.txt ]] || tail -n 40 "$work/out/log.txt"
    exit 1
  fi
}

# Whether two runs agree: the same, one that drifts away, one that stops early, a NaN, no file.
curves=$build/tests/gpu/gpu_loss_curves
run() { printf '{"step": %d, "loss": %s}\n' "$@"; }
run 1 2.0 2 1.0 >"$work/a" && run 1 2.0 2 1.02 >"$work/b" && run 1 2.0 >"$work/short" && run 1 2.0 2 null >"$work/nan"
for case in '0 a 0.01' '1 b 0.01' '0 b 0.03' '1 short 0.5' '1 nan 0.5' '2 absent 0.5'; do
  read -r want file tolerance <<<"$case"
  code=0
  "$curves" "$work/a" "$work/$file" "$tolerance" >"$work/said" || code=$?
  [[ $code == "$want" ]] || { echo "gpu_loss_curves a $file $tolerance: exit code $code, wanted $want: $(cat "$work/said")" && exit 1; }
done

wanted 64 "'--frob' is unknown|unknown word '--frob'" --frob
wanted 64 "'memory' is unknown" --parts kernels,memory
wanted 64 'not a whole number' --minutes soon
GENESIS_EMULATED_CARD='none' wanted 69 '^check_card: no GPU: a driver for CUDA 13.0 but no GPU'
# The golden folder it is given does not hold together: a line, and not the end.
mkdir "$work/broken" && echo '{' >"$work/broken/golden.json"
wanted 1 '^FAILED .*golden' --quick --parts golden,memcheck --golden "$work/broken"
grep -q 'memcheck' "$work/said"
wanted 0 '^logs: ' --quick --minutes 9
for line in 'ok .* kernels +[1-9][0-9]* passed' 'ok .* models +[1-9][0-9]* passed' 'ok .* golden +2 of 2 ' \
  'ok .* curves +fp32: 2 steps and 2: losses agree.*bf16-mixed: 2 steps and 2: losses agree' 'ok .* bench +[1-9][0-9]* figures, 0 not as wanted, 0 wrong' \
  '(ok|skipped) .* peer '; do
  grep -qE "$line" "$work/out/table.txt" || { echo "no line '$line' in" && cat "$work/out/table.txt" && exit 1; }
done
[[ $(wc -c <"$work/out/table.txt") -le 12000 ]]
grep -q '"part":"step-7B-8k"' "$work/out/figures.jsonl"
cat "$work/said"
