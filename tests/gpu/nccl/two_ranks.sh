#!/bin/bash
# two_ranks.sh PROGRAM GENESIS GOLDEN: two ranks on one card, each a "host" of its own in NCCL's eyes: every collective,
# then the golden trajectory through both ways of sharing.
set -euo pipefail
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export NCCL_SOCKET_IFNAME=lo NCCL_IB_DISABLE=1 GENESIS_NCCL_SHARED_CARD=1 GENESIS_NCCL_TIMEOUT=60
as_two_hosts() {
  local code=0
  # shellcheck disable=SC2016  # expanded by each rank, not here
  mpirun --oversubscribe --bind-to none -n 2 /bin/bash -c 'NCCL_HOSTID=genesis-$OMPI_COMM_WORLD_RANK exec "$0" "$@"' \
    "$@" || code=$?
  [ "$code" -eq 0 ] || exit "$code"
}
as_two_hosts "$1"
as_two_hosts "$2" verify golden "$3" zero_stage=1 --precision fp32 --device cuda
as_two_hosts "$2" verify golden "$3" tensor_parallel_size=2 --precision fp32 --device cuda
