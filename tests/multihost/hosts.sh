# shellcheck shell=bash
# Sourced. Three hosts on one machine, made of namespaces: each with its own network, host name, /dev/shm and address,
# joined by a bridge. Their names carry the process id, so that two tests can run side by side.
#   hosts_possible            whether this machine lets us (root, ip, network namespaces)
#   hosts_up FOLDER           makes them; FOLDER gets the start agent `agent` and the host file `hosts`
#   hosts_down                removes them, and what still runs in them
#   on_host N COMMAND…        runs a command on host N (1, 2, 3)
#   cut_link N | mend_link N  pulls host N's cable, puts it back

hosts_tag=$(($$ % 46000))
# A /24 of its own for each test: two tests may run at the same time.
hosts_net=10.$((77 + hosts_tag / 250)).$((hosts_tag % 250))

host_name() { printf 'g%dh%d' "$hosts_tag" "$1"; }

hosts_possible() {
  [[ $(id -u) -eq 0 ]] || { echo "not root"; return 1; }
  command -v ip unshare >/dev/null || { echo "no ip or unshare"; return 1; }
  local probe=g${hosts_tag}p
  if ! ip netns add "$probe" 2>/dev/null; then
    echo "network namespaces are not allowed here"
    return 1
  fi
  ip netns del "$probe"
  if ! ip link add "$probe" type veth peer name "${probe}x" 2>/dev/null; then
    echo "veth links are not allowed here"
    return 1
  fi
  ip link del "$probe"
  if ! ip link add "$probe" type bridge 2>/dev/null; then
    echo "bridges are not allowed here"
    return 1
  fi
  ip link del "$probe"
}

hosts_up() {
  local folder=$1 n name
  hosts_folder=$folder
  ip link add "g${hosts_tag}b" type bridge
  ip link set "g${hosts_tag}b" up
  for n in 1 2 3; do
    name=$(host_name "$n")
    ip netns add "$name"
    ip link add "v$name" type veth peer name eth0 netns "$name"
    ip link set "v$name" master "g${hosts_tag}b" up
    ip -n "$name" addr add "$hosts_net.$n/24" dev eth0
    ip -n "$name" link set eth0 up
    ip -n "$name" link set lo up
    printf '%s.%d slots=2\n' "$hosts_net" "$n" >>"$folder/hosts"
  done
  # What ssh would do: run the words on that host. Without its own name, /dev/shm and processes, ranks of two hosts would
  # find each other's memory.
  cat >"$folder/enter" <<ENTER
#!/bin/bash
ns=\$1
shift
exec ip netns exec "\$ns" unshare --mount --uts --pid --fork --kill-child --mount-proc --propagation private /bin/sh -c \\
  'hostname "\$0"; mount -t tmpfs -o size=1g tmpfs /dev/shm; exec "\$@"' "\$ns" "\$@"
ENTER
  cat >"$folder/agent" <<AGENT
#!/bin/bash
while [[ \$1 == -* ]]; do shift; done
host=\$1
shift
exec "$folder/enter" "g${hosts_tag}h\${host##*.}" /bin/sh -c "\$*"
AGENT
  chmod +x "$folder/enter" "$folder/agent"
}

on_host() {
  local n=$1
  shift
  "$hosts_folder/enter" "$(host_name "$n")" "$@"
}

cut_link() { ip link set "v$(host_name "$1")" down; }
mend_link() { ip link set "v$(host_name "$1")" up; }

hosts_pids() { ip netns pids "$(host_name "$1")" 2>/dev/null || true; }

hosts_down() {
  local n name pids
  for n in 1 2 3; do
    name=$(host_name "$n")
    pids=$(hosts_pids "$n")
    # shellcheck disable=SC2086
    [[ -z $pids ]] || kill -KILL $pids 2>/dev/null || true
    ip link del "v$name" 2>/dev/null || true
    ip netns del "$name" 2>/dev/null || true
  done
  ip link del "g${hosts_tag}b" 2>/dev/null || true
}
