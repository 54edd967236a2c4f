#!/bin/bash
# The bundle, inside an empty root folder with nothing but the C library, a shell and a few tools of the base system: the
# quick start on the CPU, shortened, single process and under its own mpirun.
#   bundle_test.sh SOURCE PROGRAM WORK [--card-check]
# With --card-check the bundle also holds what a machine with a GPU is checked with, which says here that there is none.
# Ends with 77 (skipped) where a root folder cannot be entered, saying so.
set -euo pipefail
source_folder=$1 program=$2 work=$3
if [[ $(id -u) -ne 0 ]]; then
  echo "SKIPPED: only root may enter another root folder"
  exit 77
fi
if ! chroot / /bin/true 2>/dev/null; then
  echo "SKIPPED: chroot is not allowed here"
  exit 77
fi
rm -rf -- "$work"
"$source_folder/launch/bundle" --no-tar "${@:4}" --program "$program" "$work/root/opt/genesis"
root=$work/root
# What travels: at most 64 MiB packed. gzip as launch/bundle packs it.
packed=$(tar -C "$root/opt" -cz genesis | wc -c)
echo "bundle: $((packed / 1048576)) MiB packed"
if ((packed > 64 * 1048576)); then
  echo "bundle: $packed bytes packed, more than 64 MiB; the largest:" >&2
  du -a "$root/opt/genesis" | sort -nr | sed -n '1,20p' >&2
  exit 1
fi
mkdir -p "$root"/{bin,lib,lib64,usr/lib,tmp,dev,proc,etc,home}
# The base system: the loader, the C library's parts, a shell and the tools its wrappers and mpirun call.
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
for library in libc libm libpthread libdl librt libutil libresolv libnss_files; do
  cp -L "/lib/x86_64-linux-gnu/$library".so.* "$root/lib64/"
done
for tool in sh uname cat ls; do
  cp -L "$(command -v "$tool")" "$root/bin/$tool"
  while read -r needed; do
    [[ -e $root/lib64/$(basename "$needed") ]] || cp -L "$needed" "$root/lib64/"
  done < <(ldd "$root/bin/$tool" | awk '$3 ~ /^\// {print $3}')
done
echo 'root:x:0:0:root:/home:/bin/sh' >"$root/etc/passwd"
for device in null zero random urandom; do
  mknod -m 666 "$root/dev/$device" c 1 "$(stat -c '%T' "/dev/$device" | sed 's/^/0x/')" 2>/dev/null || : >"$root/dev/$device"
done
mkdir -p "$root/dev/shm"
mounted=false
if mount --bind /proc "$root/proc" 2>/dev/null; then mounted=true; fi
leave() {
  if $mounted; then umount "$root/proc"; fi
  rm -rf -- "$work"
}
trap leave EXIT

inside() {
  env -i PATH=/bin LD_LIBRARY_PATH=/lib64 HOME=/home TMPDIR=/tmp OMP_NUM_THREADS=2 OMPI_ALLOW_RUN_AS_ROOT=1 \
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$(command -v chroot)" "$root" /bin/sh -c "cd /home && $1"
}
inside '/opt/genesis/bin/genesis samples --out out/quickstart/data'
head -n 20 "$root/home/out/quickstart/data/heldout.jsonl" >"$root/home/out/quickstart/data/few.jsonl"
inside '/opt/genesis/bin/genesis tokenizer train --vocab-size 640 --out out/quickstart/data/qwen.tiktoken out/quickstart/data/train.jsonl'
inside '/opt/genesis/bin/genesis train /opt/genesis/configs/quickstart.yaml max_steps=2 warmup_steps=1 eval_dataset=out/quickstart/data/few.jsonl'
inside '/opt/genesis/bin/genesis export out/quickstart/run out/quickstart/model'
inside '/opt/genesis/bin/genesis chat out/quickstart/model --max-new-tokens 4 --prompt "What is 2 + 3?" </dev/null'
inside '/opt/genesis/bin/mpirun --oversubscribe --bind-to none -n 2 /opt/genesis/bin/genesis train /opt/genesis/configs/quickstart.yaml max_steps=2 warmup_steps=1 eval_dataset=out/quickstart/data/few.jsonl output_dir=out/two'
inside 'cat out/two/summary.json'
if [[ ${4:-} == --card-check ]]; then
  code=0
  said=$(inside '/opt/genesis/bin/check_card' 2>&1) || code=$?
  if [[ $code != 69 || $said != 'check_card: no GPU: no NVIDIA driver is installed'* ]]; then
    printf 'check_card in an empty root folder: exit code %s, wanted 69: %s\n' "$code" "$said" >&2
    exit 1
  fi
  echo "$said"
fi
echo
echo "bundle: the quick start ran in an empty root folder, alone and on 2 ranks"
