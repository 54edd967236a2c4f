#!/usr/bin/env python3
"""Times one training step of Genesis and of PyTorch, alternating in one sitting, and prints medians and ratios.

  bench/train_step_against_torch.py PEER.py [--rounds 3] [--threads 4] [--genesis build/cpu/bench/train_step]

PEER.py is a PyTorch program with the shape options of bench/train_step that prints one JSON line (ms_per_step, peak_rss_mb)
and takes --dtype f32|bf16-autocast, --malloc default|keep. Speed is compared with --malloc keep, memory with its default.
"""
import argparse
import json
import statistics
import subprocess


def run(command):
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peer")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=4)
    p.add_argument("--steps", type=int, default=8)
    p.add_argument("--dtypes", nargs="+", default=["f32", "bf16"])
    p.add_argument("--genesis", default="build/cpu/bench/train_step")
    a = p.parse_args()
    common = ["--threads", str(a.threads), "--steps", str(a.steps)]
    for dtype in a.dtypes:
        peer_dtype = "f32" if dtype == "f32" else "bf16-autocast"
        ours, theirs = [], []
        for _ in range(a.rounds):
            ours.append(run([a.genesis, "--dtype", dtype, *common]))
            theirs.append(run(["python3", a.peer, "--dtype", peer_dtype, "--malloc", "keep", *common]))
        stock = run(["python3", a.peer, "--dtype", peer_dtype, "--threads", str(a.threads), "--steps", "3"])
        mid = lambda rows, key: statistics.median(r[key] for r in rows)  # noqa: E731
        print(json.dumps({
            "dtype": dtype, "threads": a.threads, "rounds": a.rounds,
            "genesis_ms": round(mid(ours, "ms_per_step"), 1), "torch_ms": round(mid(theirs, "ms_per_step"), 1),
            "speed_ratio": round(mid(theirs, "ms_per_step") / mid(ours, "ms_per_step"), 3),
            "genesis_tokens_per_second": round(mid(ours, "tokens_per_second"), 1),
            "genesis_gflops": round(mid(ours, "gflops"), 1), "of_gemm_rate": round(mid(ours, "of_gemm_rate"), 3),
            "gemm_gflops": round(mid(ours, "gemm_gflops"), 1),
            "genesis_rss_mb": round(mid(ours, "peak_rss_mb")), "torch_stock_rss_mb": round(stock["peak_rss_mb"]),
            "memory_ratio": round(mid(ours, "peak_rss_mb") / stock["peak_rss_mb"], 3), "torch": stock["torch"]}))


main()
