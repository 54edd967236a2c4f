#!/usr/bin/env python3
"""Single-thread throughput of Genesis' tokenizer against the Python package tiktoken, same texts, same run, alternating.

    python3 bench/tokenizer_against_tiktoken.py VOCABULARY TEXT... [--program build/cpu/bench/tokenizer] [--rounds 5]

VOCABULARY is a qwen.tiktoken file. Each text is a UTF-8 file. Rounds alternate between the two programs, the best of
each counts, in processor seconds. Prints one JSON line a text; exits 1 when the numbers of tokens differ.
"""
import argparse
import base64
import json
import pathlib
import subprocess
import time
import unicodedata

import tiktoken

PATTERN = (r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"""
           r"""\s*[\r\n]+|\s+(?!\S)|\s+""")


def load(path):
    ranks = {base64.b64decode(token): int(rank) for token, rank in
             (line.split() for line in pathlib.Path(path).read_bytes().splitlines())}
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + [f"<|extra_{i}|>" for i in range(205)]
    return tiktoken.Encoding("qwen", pat_str=PATTERN, mergeable_ranks=ranks,
                             special_tokens={name: len(ranks) + i for i, name in enumerate(names)})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vocabulary")
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--program", default="build/cpu/bench/tokenizer")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    encoding = load(arguments.vocabulary)
    agree = True
    for path in arguments.texts:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        size = len(text.encode())
        ours, theirs = 0.0, 0.0
        for _ in range(arguments.rounds):
            line = subprocess.run([arguments.program, arguments.vocabulary, path, "--rounds", "3"], check=True,
                                  capture_output=True, text=True).stdout
            result = json.loads(line)
            ours = max(ours, result["mb_per_second"])
            start = time.process_time()
            ids = encoding.encode(unicodedata.normalize("NFC", text), allowed_special="all")
            theirs = max(theirs, size * 1e-6 / (time.process_time() - start))
        agree = agree and result["tokens"] == len(ids)
        print(json.dumps({"bench": "tokenizer_against_tiktoken", "text": path, "bytes": size, "tokens": len(ids),
                          "genesis_tokens": result["tokens"], "genesis_mb_per_second": round(ours, 2),
                          "tiktoken": tiktoken.__version__, "tiktoken_mb_per_second": round(theirs, 2),
                          "ratio": round(ours / theirs, 2)}), flush=True)
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
