#!/usr/bin/env bash
# sanitize.sh TOOL PROGRAM [FILTER]: the kernels' tests under one tool of NVIDIA's compute-sanitizer: all of them under memcheck; the
# others follow every access and take the tests that reach each kernel at a few sizes. Every array has an allocation of
# its own meanwhile (GENESIS_CARD_POOL=0), so that memcheck sees its bounds and initcheck when it began.
# Ends with 77, saying why, where there is no compute-sanitizer or no card.
set -euo pipefail
tool=$1 program=$2 filter=${3:-}
if [[ -z $filter ]]; then
  filter='Card*'
  [[ $tool == memcheck ]] || filter='CardRows.*:CardAttention.RepeatsBitForBit:CardAttention.OneTokenATextOverACache:CardAttention.QueriesBehindAKeyCache:CardOptimizer.*:CardSampling.*:CardProducts.CrossEntropy:CardProducts.Embedding:CardProducts.LinearWithRowsApart*'
fi
sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer || true)
if [[ -z $sanitizer ]]; then
  echo "skipped: compute-sanitizer is not installed"
  exit 77
fi
if state=$("$program" --gtest_filter='CardMemory.*' | grep -m1 'no GPU:'); then
  echo "skipped: $state"
  exit 77
fi
export GENESIS_CARD_POOL=0 GENESIS_GEMM_TUNE=0 GENESIS_CUDNN=0
"$sanitizer" --tool "$tool" --error-exitcode 86 "$program" --gtest_filter="$filter"
