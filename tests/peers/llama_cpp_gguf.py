#!/usr/bin/env python3
"""GGUF files written by `genesis export MODEL FILE.gguf`, loaded and computed by llama.cpp itself.

  llama_cpp_gguf.py GENESIS WORK_FOLDER

Architectures qwen, qwen2 and qwen3, matrices in float32, float16 and bfloat16: llama.cpp cuts the texts into the same tokens, gives the
same logits at every position and the same greedy continuation. Where Qwen's own
vocabulary is at hand, llama.cpp cuts its vectors too. Exit code 77 where llama-cpp-python is not installed.
"""
import json
import shutil
import unicodedata

from genesis_program import ARCHITECTURES, SHARED, TEXTS, WORK, encode, greedy, logits, run, skip_without, tokenizer_file

try:
    import llama_cpp
    import numpy
except ImportError as missing:
    skip_without(missing, "llama-cpp-python")

# Largest difference, of the largest logit. llama.cpp sums in its own order, with an exponential of its own; it rounds activations to the
# type of the matrix they meet.
LOGITS = {"f32": 2e-5, "f16": 2e-3, "bf16": 2e-2}
NEW_TOKENS, STOPS = 12, {256, 257, 258}  # <|endoftext|>, <|im_start|>, <|im_end|> follow the bytes
F32 = 0  # ggml's number of the type, for keys and values


def load(file, **options):
    return llama_cpp.Llama(str(file), n_ctx=256, n_threads=1, n_threads_batch=1, logits_all=True, type_k=F32, type_v=F32, verbose=False, **options)


def export(arch, tokenizer, dtype):
    """The GGUF file of a model with random weights of WORK/ARCH.yaml, written to WORK/ARCH."""
    file = WORK / f"{arch}-{dtype}.gguf"
    file.unlink(missing_ok=True)
    shutil.rmtree(WORK / arch, ignore_errors=True)
    run("init", WORK / f"{arch}.yaml", WORK / arch, "--tokenizer", tokenizer)
    run("export", WORK / arch, file, "--dtype", dtype)
    return file


def llama_logits(model, ids):
    model.reset()
    model.eval(ids)
    return numpy.array(model.scores[: len(ids)])


def llama_greedy(model, ids):
    new = []
    while len(new) < NEW_TOKENS and not STOPS.intersection(new):
        new.append(int(numpy.argmax(llama_logits(model, ids + new)[-1])))
    return new


def check(arch, dtype, folder, file, tokenizer):
    model, worst = load(file), 0.0
    for text in TEXTS:
        ids = encode(tokenizer, text)
        assert model.tokenize(text.encode(), add_bos=False, special=False) == ids, f"{arch}: other tokens of {text!r}"
        wanted, found = numpy.array(logits(folder, ids)), llama_logits(model, ids)
        worst = max(worst, float(abs(found - wanted).max() / abs(wanted).max()))
    if dtype == "f32":
        found = [llama_greedy(model, encode(tokenizer, text)) for text in TEXTS]
        assert found == greedy(folder, tokenizer, NEW_TOKENS), f"{arch}: other greedy ids"
    chat = model.tokenize(b"<|im_start|>x<|im_end|>", add_bos=False, special=True)
    assert [chat[0], chat[-1]] == [257, 258], f"{arch}: special tokens {chat}"
    print(f"{arch} {dtype}: logits differ by at most {worst:.1e} of the largest", flush=True)
    assert worst < LOGITS[dtype], f"{arch} {dtype}: {worst} >= {LOGITS[dtype]}"


def check_vocabulary(folder):
    """Qwen's vocabulary in a GGUF file: llama.cpp's tokens of the vectors in `folder`."""
    (WORK / "qwen.yaml").write_text(ARCHITECTURES["qwen"].replace("vocab_size: 480", "vocab_size: 151936"))
    file = export("qwen", folder / "qwen.tiktoken", "bf16")
    model = load(file, vocab_only=True)
    for name, special in (("golden_encode.json", True), ("golden_encode_nospecial.json", False)):
        cases = json.loads((folder / name).read_text())
        cases = [c for c in cases if unicodedata.is_normalized("NFC", c["text"])]  # llama.cpp does not compose
        for c in cases:
            found = model.tokenize(c["text"].encode(), add_bos=False, special=special)
            assert found == c["ids"], f"{c['text']!r}: llama.cpp's tokens {found}, Qwen's {c['ids']}"
        print(f"Qwen's vocabulary in llama.cpp: {len(cases)} vectors of {name} exact", flush=True)


if __name__ == "__main__":
    TOKENIZER = tokenizer_file()
    for ARCH, YAML in ARCHITECTURES.items():
        (WORK / f"{ARCH}.yaml").write_text(YAML)
        for DTYPE in LOGITS:
            check(ARCH, DTYPE, WORK / ARCH, export(ARCH, TOKENIZER, DTYPE), TOKENIZER)
    if SHARED.is_dir():
        check_vocabulary(SHARED / "tokenizer")
    print(f"{len(ARCHITECTURES)} architectures, {len(LOGITS)} dtypes: llama-cpp-python {llama_cpp.__version__}")
