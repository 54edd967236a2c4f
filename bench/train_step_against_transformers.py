#!/usr/bin/env python3
"""Whole optimizer steps of Genesis and of Hugging Face transformers under torch.compile, on one card, alternating in one sitting.

  bench/train_step_against_transformers.py --genesis build/cuda/bench/gpu [--rounds 2] [--minutes 6]

The peer is the same shape (Qwen2's architecture with as many key as query heads, biases on q, k and v and a head of its own), with what
a user of it takes: float32 masters under bfloat16 autocast, SDPA, fused AdamW, clipping, gradient accumulation to the same tokens a
step, the largest micro-batch that fits, torch.compile; and the same with Liger's kernels where they can be imported. Without
transformers the peer is a plain PyTorch module of that shape. No network and no weights: values are random. One JSON line a run, the
ratios last. Exit code 77 where torch is not installed.

MFU = tokens/s x (6 N_mm + 6 L h s) / peak, attention counted half, as in bench/gpu.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    print(f"SKIPPED: {missing}; `pip install torch transformers` makes this run")
    sys.exit(77)

SHAPES = {  # hidden, layers, heads, MLP, vocabulary
    "1.8B": (2048, 24, 16, 5504, 151936),
    "7B": (4096, 32, 32, 11008, 151936),
    "quick": (128, 2, 2, 160, 512),
}
EPSILON, BASE = 1e-6, 10000.0
SECONDS, MOST_STEPS = 20.0, 4  # of timed steps in a run


class Block(torch.nn.Module):
    """A block of the plain peer."""

    def __init__(self, hidden, heads, mlp):
        super().__init__()
        self.heads = heads
        self.qkv = torch.nn.Linear(hidden, 3 * hidden)
        self.out = torch.nn.Linear(hidden, hidden, bias=False)
        self.gate_up = torch.nn.Linear(hidden, 2 * mlp, bias=False)
        self.down = torch.nn.Linear(mlp, hidden, bias=False)
        self.norms = torch.nn.ModuleList(torch.nn.RMSNorm(hidden, EPSILON) for _ in range(2))

    def forward(self, x, cos, sin):
        b, t, h = x.shape
        q, k, v = self.qkv(self.norms[0](x)).view(b, t, 3, self.heads, h // self.heads).permute(2, 0, 3, 1, 4)
        q, k = (torch.cat((a * cos - b * sin, b * cos + a * sin), -1) for a, b in (y.float().chunk(2, -1) for y in (q, k)))
        attended = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(b, t, h))
        gate, up = self.gate_up(self.norms[1](x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class PlainModel(torch.nn.Module):
    """The shape in plain PyTorch, for where transformers is missing."""

    def __init__(self, hidden, layers, heads, mlp, vocabulary, length):
        super().__init__()
        self.embed = torch.nn.Embedding(vocabulary, hidden)
        self.blocks = torch.nn.ModuleList(Block(hidden, heads, mlp) for _ in range(layers))
        self.norm = torch.nn.RMSNorm(hidden, EPSILON)
        self.head = torch.nn.Linear(hidden, vocabulary, bias=False)
        half = hidden // heads // 2
        angles = torch.arange(length)[:, None] * BASE ** (-torch.arange(half) / half)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, ids):
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = self.head(self.norm(x))[:, :-1].float()
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1))


def make_peer(a, liger):
    """(model, loss of ids, its name) on the device, in float32."""
    hidden, layers, heads, mlp, vocabulary = SHAPES[a.shape]
    try:
        if a.plain:
            raise ImportError
        import transformers
    except ImportError:
        with torch.device(a.device):
            model = PlainModel(hidden, layers, heads, mlp, vocabulary, a.length)
        return model, lambda compiled, ids: compiled(ids), f"plain PyTorch {torch.__version__}"
    transformers.logging.set_verbosity_error()
    name = f"transformers {transformers.__version__}"
    if liger:
        from liger_kernel.transformers import apply_liger_kernel_to_qwen2
        apply_liger_kernel_to_qwen2()
        name += " + Liger"
    config = transformers.Qwen2Config(
        vocab_size=vocabulary, hidden_size=hidden, intermediate_size=mlp, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=heads, max_position_embeddings=max(8192, a.length), tie_word_embeddings=False, rms_norm_eps=EPSILON,
        rope_theta=BASE, use_cache=False)
    with torch.device(a.device):
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.float32)
    return model, lambda compiled, ids: compiled(input_ids=ids, labels=ids, use_cache=False).loss, name


def flops_of_token(shape, length):
    hidden, layers, _, mlp, vocabulary = SHAPES[shape]
    products = layers * (4 * hidden * hidden + 3 * hidden * mlp) + hidden * vocabulary
    return 6 * products + 6 * layers * hidden * length


class Peer:
    """The peer's training run with a micro-batch of `rows`."""

    def __init__(self, a, model, loss_of, rows):
        self.a, self.model, self.loss_of, self.rows = a, model, loss_of, rows
        self.accumulation = max(1, a.step_tokens // (rows * a.length))
        self.compiled = torch.compile(model) if a.compile else model
        cuda = a.device == "cuda"
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, betas=(0.9, 0.95), weight_decay=0.1, fused=True if cuda else None)
        generator = torch.Generator().manual_seed(1)
        vocabulary = SHAPES[a.shape][4]
        self.ids = torch.randint(vocabulary, (self.accumulation, rows, a.length), generator=generator).to(a.device)

    def step(self, micro_steps):
        total = torch.zeros((), device=self.a.device)
        for ids in self.ids[:micro_steps]:
            with torch.autocast(self.a.device, torch.bfloat16):
                loss = self.loss_of(self.compiled, ids) / micro_steps
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def seconds(self, steps, micro_steps):
        """Of one of `steps` steps, from an idle card to an idle card, and the last loss."""
        wait = torch.cuda.synchronize if self.a.device == "cuda" else lambda: None
        wait()
        begin = time.perf_counter()
        for _ in range(steps):
            loss = self.step(micro_steps)
        wait()
        return (time.perf_counter() - begin) / steps, loss.item()


def measure(a, liger):
    """One run of the peer, with the largest micro-batch that fits, as a line."""
    model, loss_of, name = make_peer(a, liger)
    rows = a.rows or (4 if a.device == "cuda" else 1)
    rows = min(rows, max(1, a.step_tokens // a.length))
    while True:
        try:
            peer = Peer(a, model, loss_of, rows)
            begin = time.perf_counter()
            peer.seconds(1, min(2, peer.accumulation))  # compiles
            warm = time.perf_counter() - begin
            seconds, loss = peer.seconds(1, peer.accumulation)
            break
        except torch.OutOfMemoryError:
            if rows == 1:
                raise
        rows //= 2
        model.zero_grad(set_to_none=True)
        peer = None
        torch._dynamo.reset()
        torch.cuda.empty_cache()
    more = min(MOST_STEPS, int(SECONDS / seconds) - 1)
    if more > 0:
        seconds, loss = peer.seconds(more, peer.accumulation)
    tokens = peer.accumulation * rows * a.length / seconds
    line = {"program": name + (" + torch.compile" if a.compile else ""), "shape": a.shape, "length": a.length,
            "step_tokens": peer.accumulation * rows * a.length, "rows": rows, "accumulation": peer.accumulation, "tokens_per_s": tokens,
            "mfu_percent": 100 * tokens * flops_of_token(a.shape, a.length) / (a.peak * 1e12), "loss": loss, "warm_up_s": warm,
            "torch": torch.__version__}
    if a.device == "cuda":
        line["peak_gib"] = torch.cuda.max_memory_allocated() / 2**30
        line["reserved_gib"] = torch.cuda.max_memory_reserved() / 2**30
    return line


def run_genesis(a):
    """One run of bench/gpu's step, as a line."""
    part = f"step-{a.part}"
    command = [a.genesis, "--only", part, "--peak", str(a.peak)] + (["--quick"] if a.quick else [])
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    line = {"program": "Genesis"}
    for text in done.stdout.splitlines():
        if not text.startswith("{"):
            continue
        figure = json.loads(text)
        if figure.get("part") != part:
            continue
        if "failed" in figure:
            raise RuntimeError(f"{a.genesis} --only {part}: {figure['failed']}")
        for key, ending in (("tokens_per_s", "tokens/s"), ("mfu_percent", "MFU"), ("peak_gib", "peak in use"), ("loss", "loss")):
            if figure.get("figure", "").endswith(ending):
                line[key] = figure["value"]
    if "tokens_per_s" not in line:
        raise RuntimeError(f"{a.genesis} --only {part}: exit code {done.returncode}: {done.stdout[-2000:]}")
    return line


ROWS = {}  # that fitted, by peer


def run_peer(a, liger):
    command = [sys.executable, __file__, "--worker", "liger" if liger else "plain", *sys.argv[1:]]
    if liger in ROWS:
        command += ["--rows", str(ROWS[liger])]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    lines = [text for text in done.stdout.splitlines() if text.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr.strip()[-800:]}")
    line = json.loads(lines[-1])
    ROWS[liger] = line["rows"]
    return line


def has_liger():
    try:
        import liger_kernel.transformers  # noqa: F401
        import transformers  # noqa: F401
        return True
    except ImportError:
        return False


def compare(a):
    runs = {"peer": lambda: run_peer(a, False)}
    if a.genesis:
        runs = {"genesis": lambda: run_genesis(a), **runs}
    if a.device == "cuda" and has_liger():
        runs["peer with Liger"] = lambda: run_peer(a, True)
    else:
        print(json.dumps({"left_out": "Liger", "why": "not asked on the CPU" if a.device == "cpu" else "liger_kernel is not installed"}))
    end, speeds, longest = time.monotonic() + 60 * a.minutes, {name: [] for name in runs}, {name: 0.0 for name in runs}
    for round_ in range(a.rounds):
        for name, run in runs.items():
            begin = time.monotonic()
            if begin + longest[name] > end:
                print(json.dumps({"run": name, "round": round_ + 1, "left_out": "no time left"}), flush=True)
                continue
            try:
                line = run()
                speeds[name].append(line["tokens_per_s"])
            except Exception as failed:
                line = {"failed": str(failed)}
            longest[name] = max(longest[name], time.monotonic() - begin)
            print(json.dumps({"run": name, "round": round_ + 1, **line}), flush=True)
    missing = [name for name, all_ in speeds.items() if not all_ and "Liger" not in name]
    for name, all_ in speeds.items():
        if name != "genesis" and all_ and speeds.get("genesis"):
            line = {"figure": f"{a.shape} {a.length}: tokens/s, Genesis / {name}", "unit": "x",
                    "value": statistics.median(speeds["genesis"]) / statistics.median(all_)}
            if not a.quick and "Liger" not in name:
                line.update(floor=1.1, target=1.25)
            print(json.dumps(line))
    return 1 if missing else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--genesis", default="", help="bench/gpu of a build; without it the peer runs alone")
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--minutes", type=float, default=6, help="no run begins that would end later, by the longest of its kind")
    p.add_argument("--part", default="1.8B-2k", choices=["1.8B-2k", "1.8B-8k", "7B-2k"], help="the step of bench/gpu")
    p.add_argument("--step-tokens", type=int, default=131072)
    p.add_argument("--rows", type=int, default=0, help="of the peer's micro-batch; 0: the largest of 4, 2, 1 that fits")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=["cuda", "cpu"])
    p.add_argument("--peak", type=float, default=989.4, help="dense bf16 TFLOP/s of the card")
    p.add_argument("--plain", action="store_true", help="the plain PyTorch module, also where transformers is installed")
    p.add_argument("--no-compile", dest="compile", action="store_false")
    p.add_argument("--quick", action="store_true", help="tiny sizes: whether everything runs, not how fast")
    p.add_argument("--worker", choices=["plain", "liger"], help=argparse.SUPPRESS)
    a = p.parse_args()
    a.shape, a.length = a.part.split("-")[0], {"2k": 2048, "8k": 8192}[a.part.split("-")[1]]
    if a.quick:
        a.shape, a.length, a.step_tokens = "quick", 24, 96
    if a.worker:
        print(json.dumps(measure(a, a.worker == "liger")), flush=True)
        return 0
    return compare(a)


if __name__ == "__main__":
    sys.exit(main())
