#!/usr/bin/env python3
"""GGUF files written by `genesis export MODEL FILE.gguf`, read by the gguf package of llama.cpp and loaded by transformers.

  transformers_gguf.py GENESIS WORK_FOLDER

Every tensor under a name llama.cpp knows for the architecture, with the values of the model; keys and tokenizer as its loader wants
them; for qwen2 and qwen3, transformers' own GGUF loader gives the same logits. Exit code 77 where a package is missing.
"""
import json
import shutil

from genesis_program import ARCHITECTURES, WORK, run, skip_without, tokenizer_file

try:
    import accelerate  # noqa: F401  transformers wants it to read GGUF
    import gguf
    import numpy
    import torch
    import transformers
except ImportError as missing:
    skip_without(missing, "accelerate gguf torch transformers")

LOGITS = 2e-5  # of the largest logit: float32, summed in another order


def values(tensor):
    if tensor.tensor_type == gguf.GGMLQuantizationType.BF16:
        bits = tensor.data.view(numpy.uint16).astype(numpy.uint32) << 16
        return bits.view(numpy.float32).reshape(tensor.shape[::-1])
    return tensor.data.astype(numpy.float32).reshape(tensor.shape[::-1])


def check(arch, dtype, source, file):
    reader = gguf.GGUFReader(file)
    field = lambda key: reader.get_field(key).contents()
    assert field("general.architecture") == arch
    config = json.loads((source / "config.json").read_text())
    assert field(f"{arch}.feed_forward_length") == config["intermediate_size"]
    assert field(f"{arch}.block_count") == 2 and field(f"{arch}.attention.head_count") == 4
    tokens = field("tokenizer.ggml.tokens")
    assert len(tokens) == 480 and tokens[256] == "<|endoftext|>" and tokens[470] == "[PAD470]"
    assert field("tokenizer.ggml.model") == "gpt2" and field("tokenizer.ggml.pre") == "qwen2"
    kinds = field("tokenizer.ggml.token_type")
    assert kinds[0] == 1 and kinds[256] == 3 and kinds[470] == 5

    number = next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch)
    known = {gguf.TENSOR_NAMES[t] for t in gguf.MODEL_TENSORS[number]}
    names = [t.name for t in reader.tensors]
    for name in names:
        stem = name.rsplit(".", 1)[0]
        parts = stem.split(".")
        general = f"blk.{{bid}}.{parts[2]}" if parts[0] == "blk" else stem
        assert general in known, f"{arch}: llama.cpp knows no {name}"
    import safetensors.torch

    weights = safetensors.torch.load_file(source / "model.safetensors")
    assert len(names) == len(weights) and len(set(names)) == len(names)
    spelled = {"attn_qkv": "attn.c_attn", "ffn_gate": "mlp.w2", "ffn_up": "mlp.w1", "ffn_down": "mlp.c_proj"} if arch == "qwen" else \
        {"attn_q": "self_attn.q_proj", "attn_v": "self_attn.v_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj"}
    block = "transformer.h.1." if arch == "qwen" else "model.layers.1."
    rounding = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[dtype]
    by_name = {t.name: t for t in reader.tensors}
    for short, long in spelled.items():
        wanted = weights[f"{block}{long}.weight"].float().to(rounding).float().numpy()
        assert numpy.array_equal(values(by_name[f"blk.1.{short}.weight"]), wanted), f"{arch} {dtype}: {short}"


def logits(folder, **options):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options).eval()
    with torch.no_grad():
        return model(torch.tensor([[1, 2, 3, 99, 257]])).logits[0]


if __name__ == "__main__":
    tokenizer = tokenizer_file()
    for arch, yaml in ARCHITECTURES.items():
        (WORK / f"{arch}.yaml").write_text(yaml)
        source = WORK / arch
        shutil.rmtree(source, ignore_errors=True)
        run("init", WORK / f"{arch}.yaml", source, "--tokenizer", tokenizer)
        for dtype in ("f32", "f16", "bf16"):
            file = WORK / f"{arch}-{dtype}.gguf"
            file.unlink(missing_ok=True)
            run("export", source, file, "--dtype", dtype)
            check(arch, dtype, source, file)
        if arch != "qwen":
            wanted, found = logits(source), logits(WORK, gguf_file=f"{arch}-f32.gguf")
            difference = float((wanted - found).abs().max() / wanted.abs().max())
            assert difference < LOGITS, f"{arch}: transformers reads other logits from the GGUF file: {difference}"
            print(f"{arch}: transformers' GGUF loader gives the same logits ({difference:.1e})", flush=True)
    print(f"{len(ARCHITECTURES)} architectures, 3 dtypes: gguf {getattr(gguf, '__version__', '?')}")
