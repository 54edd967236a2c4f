#!/usr/bin/env python3
"""Genesis against Hugging Face transformers, both ways, on random models of two blocks.

  transformers_both_ways.py GENESIS WORK_FOLDER

Written by transformers, read by Genesis, and written by `genesis init`, read by transformers: for Qwen2 with as many key/value heads as
query heads, with fewer, with a tied head, and for Qwen3; weights in float32, bfloat16 and float16, in one file and in shards with an
index. The same greedy ids, logits within float32 rounding, no missing and no
unexpected key. Exit code 77 where transformers or torch is not installed.
"""
import os
import shutil

from genesis_program import TEXTS, WORK, encode, greedy, logits, run, skip_without, tokenizer_file

try:
    import torch
    import transformers
except ImportError as missing:
    skip_without(missing, "torch transformers")

os.environ["HF_HUB_OFFLINE"] = "1"
transformers.logging.set_verbosity_error()
torch.set_num_threads(2)
LOGITS = 2e-5  # of the largest logit: two orders of summation in float32 over widths of 64
NEW_TOKENS = 12
SHAPES = {
    "qwen2_mha": dict(kind="qwen2", num_key_value_heads=4),
    "qwen2_gqa": dict(kind="qwen2", num_key_value_heads=2),
    "qwen2_tied": dict(kind="qwen2", num_key_value_heads=4, tie_word_embeddings=True),
    "qwen3": dict(kind="qwen3", num_key_value_heads=2, head_dim=24),
    "qwen3_tied": dict(kind="qwen3", num_key_value_heads=1, head_dim=16, tie_word_embeddings=True),
}


# Weights as they are stored, and the longest file: of the small ones the models make several.
STORED = [(name, torch.float32, "5GB") for name in SHAPES] + [
    ("qwen2_gqa", torch.bfloat16, "100KB"),
    ("qwen3", torch.bfloat16, "100KB"),
    ("qwen2_tied", torch.float16, "100KB"),
    ("qwen2_mha", torch.float16, "5GB"),
]


def make(name, folder, dtype, shard):
    shape = dict(SHAPES[name])
    kind = shape.pop("kind")
    Config = transformers.Qwen2Config if kind == "qwen2" else transformers.Qwen3Config
    Model = transformers.Qwen2ForCausalLM if kind == "qwen2" else transformers.Qwen3ForCausalLM
    torch.manual_seed(7)
    config = Config(vocab_size=288, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                    max_position_embeddings=256, rope_theta=1e6, rms_norm_eps=1e-6, initializer_range=0.1,
                    bos_token_id=None, eos_token_id=None, pad_token_id=None, **shape)
    model = Model(config).eval()
    with torch.no_grad():  # norms and biases that are not all alike
        for key, p in model.named_parameters():
            if p.dim() == 1:
                p.add_(0.1 * torch.randn_like(p))
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    # The stored, rounded values in float32; model.float() would keep rotary frequencies that were rounded too.
    return Model.from_pretrained(folder, dtype=torch.float32).eval()


def torch_greedy(model, tokenizer, stops):
    out = []
    for text in TEXTS:
        ids = torch.tensor([encode(tokenizer, text)])
        new = []
        with torch.no_grad():
            while len(new) < NEW_TOKENS:
                logits = model(ids).logits[0, -1, :USABLE]
                new.append(int(logits.argmax()))
                ids = torch.cat([ids, torch.tensor([[new[-1]]])], 1)
                if new[-1] in stops:
                    break
        out.append(new)
    return out


def compare_logits(what, model, folder, tokenizer):
    worst = 0.0
    for text in TEXTS:
        ids = encode(tokenizer, text)
        with torch.no_grad():
            wanted = model(torch.tensor([ids])).logits[0]
        found = torch.tensor(logits(folder, ids))
        worst = max(worst, float((found - wanted).abs().max() / wanted.abs().max()))
    print(f"{what}: logits differ by at most {worst:.1e} of the largest", flush=True)
    assert worst < LOGITS, f"{what}: {worst} >= {LOGITS}"


def files(folder):
    return len(list(folder.glob("*.safetensors")))


def both_ways(name, dtype, shard, tokenizer):
    word = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16"}[dtype]
    case = f"{name} {word} {shard}"
    folder = WORK / f"{name}_{word}"
    shutil.rmtree(folder, ignore_errors=True)
    model = make(name, folder, dtype, shard)
    sharded = shard != "5GB"
    assert (files(folder) > 1) == sharded, f"{case}: transformers wrote {files(folder)} files"
    compare_logits(f"{case}, written by transformers", model, folder, tokenizer)
    assert greedy(folder, tokenizer, NEW_TOKENS) == torch_greedy(model, tokenizer, {STOP}), f"{case}: other greedy ids"

    written = WORK / f"{name}_{word}_genesis"
    for path in (written, WORK / "random"):
        shutil.rmtree(path, ignore_errors=True)
    run("init", folder, WORK / "random", "--seed", 11, "--tokenizer", tokenizer)
    run("export", WORK / "random", written, "--dtype", word, "--max-shard-size", shard)
    assert (files(written) > 1) == sharded, f"{case}: Genesis wrote {files(written)} files"
    back, report = transformers.AutoModelForCausalLM.from_pretrained(written, output_loading_info=True, dtype=torch.float32)
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not report[key], f"{case}, written by Genesis: {key} {report[key]}"
    back.eval()
    compare_logits(f"{case}, written by Genesis", back, written, tokenizer)
    assert greedy(written, tokenizer, NEW_TOKENS) == torch_greedy(back, tokenizer, {STOP, STOP + 1, STOP + 2}), f"{case}: other greedy ids"


if __name__ == "__main__":
    TOKENIZER = tokenizer_file()
    STOP, USABLE = 256, 288  # <|endoftext|> follows the bytes; 208 special tokens are more than the head has rows
    for NAME, DTYPE, SHARD in STORED:
        both_ways(NAME, DTYPE, SHARD, TOKENIZER)
    print(f"{len(STORED)} models, both ways: transformers {transformers.__version__}, torch {torch.__version__}")
