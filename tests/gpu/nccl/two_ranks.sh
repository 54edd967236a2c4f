#!/bin/bash
# two_ranks.sh PROGRAM: two ranks on one card, each a "host" of its own in NCCL's eyes.
set -euo pipefail
program=$1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export NCCL_SOCKET_IFNAME=lo NCCL_IB_DISABLE=1 GENESIS_NCCL_SHARED_CARD=1 GENESIS_NCCL_TIMEOUT=60
code=0
# shellcheck disable=SC2016  # expanded by each rank, not here
mpirun --oversubscribe --bind-to none -n 2 /bin/bash -c 'NCCL_HOSTID=genesis-$OMPI_COMM_WORLD_RANK exec "$0"' "$program" || code=$?
exit "$code"
