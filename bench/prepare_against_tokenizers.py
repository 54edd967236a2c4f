#!/usr/bin/env python3
"""Tokens per second of `genesis prepare` against the batch API of Hugging Face's tokenizers: same texts, same run, alternating.

    python3 bench/prepare_against_tokenizers.py TOKENIZER CHAT_FILE [--program build/genesis] [--rounds 3] [--megabytes 50]

TOKENIZER is a folder with qwen.tiktoken, vocab.json and merges.txt. CHAT_FILE is a JSON list of `conversations`, repeated (with a
number in each question, so that no two are equal) until it has that many megabytes. Ours is the whole command: reading JSON,
tokenising, laying down masks, writing and checking shards. Theirs is encode_batch alone, of texts rendered beforehand. Wall clock,
all cores of the process for both; prints one JSON line with the best of each and the ratio.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

PATTERN = (r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"""
           r"""\s*[\r\n]+|\s+(?!\S)|\s+""")


def peer(folder):
    tokenizer = Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer


def rendered(record):
    text = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    for turn in record["conversations"]:
        text += f"<|im_start|>{turn['from']}\n{turn['value']}<|im_end|>\n"
    return text


def run_watched(command):
    """What the command printed, its seconds, and the peak of its resident memory in MiB."""
    start, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        while process.poll() is None:
            found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())
            peak = max(peak, int(found.group(1)) if found else 0)
            time.sleep(0.01)
        seconds = time.perf_counter() - start
        if process.returncode:
            sys.exit(f"{command[0]} ended with {process.returncode}")
        return process.stdout.read(), seconds, round(peak / 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=pathlib.Path)
    parser.add_argument("chat_file", type=pathlib.Path)
    parser.add_argument("--program", default="build/genesis")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=float, default=50)
    parser.add_argument("--ours-only", action="store_true", help="time and memory of prepare alone")
    arguments = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="genesis-bench-"))
    try:
        records, texts, size, copy = json.loads(arguments.chat_file.read_text(encoding="utf-8")), [], 0, 0
        with open(work / "data.jsonl", "w", encoding="utf-8") as out:
            while size < arguments.megabytes * 1e6:
                for record in records:
                    turns = [dict(turn) for turn in record["conversations"]]
                    turns[0]["value"] = f"{copy}: {turns[0]['value']}"
                    line = json.dumps({"conversations": turns}, ensure_ascii=False)
                    size += len(line.encode()) + 1
                    out.write(line + "\n")
                    if not arguments.ours_only:
                        texts.append(rendered({"conversations": turns}))
                copy += 1
        (work / "prepare.yaml").write_text(
            f"dataset: {work}/data.jsonl\ntokenizer: {arguments.tokenizer}/qwen.tiktoken\nmax_seq_len: 2048\ntruncation: right\naudit: off\n")
        tokenizer = None if arguments.ours_only else peer(arguments.tokenizer)
        ours = theirs = 0.0
        tokens = 0
        for _ in range(arguments.rounds):
            done, seconds, peak = run_watched(
                [arguments.program, "prepare", str(work / "prepare.yaml"), "--out", str(work / "shards")])
            tokens = int(re.search(r"(\d+) tokens \(", done).group(1))
            ours = max(ours, tokens / seconds)
            if tokenizer:
                start = time.perf_counter()
                their_tokens = sum(len(e.ids) for e in tokenizer.encode_batch(texts, add_special_tokens=False))
                theirs = max(theirs, their_tokens / (time.perf_counter() - start))
                if their_tokens != tokens:
                    sys.exit(f"the numbers of tokens differ: {tokens} and {their_tokens}")
        line = {"bench": "prepare_against_tokenizers", "bytes": size, "tokens": tokens, "cores": len(os.sched_getaffinity(0)),
                "genesis_tokens_per_second": round(ours),
                "genesis_peak_mib": peak}
        if tokenizer:
            import tokenizers
            line |= {"tokenizers": tokenizers.__version__, "tokenizers_tokens_per_second": round(theirs),
                     "ratio": round(ours / theirs, 2)}
        print(json.dumps(line), flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
