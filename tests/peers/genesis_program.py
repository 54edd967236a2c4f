"""The program under test, and what every comparison with another project's code asks of it."""
import base64
import json
import os
import pathlib
import subprocess
import sys

if len(sys.argv) != 3:
    raise SystemExit(f"usage: {sys.argv[0]} GENESIS WORK_FOLDER")
GENESIS, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
WORK.mkdir(parents=True, exist_ok=True)
# Real vocabularies: the folder the environment names, or the one beside the checkout; where neither is there, less is checked.
SHARED = pathlib.Path(os.environ.get("GENESIS_SHARED") or pathlib.Path(__file__).resolve().parents[3] / "shared")
TEXTS = ["The quick brown fox", "2 + 2 = ", "\u4f60\u597d, world", "x"]

# Two blocks of every architecture GGUF has, as model YAML.
_SHAPE = "vocab_size: 480\nn_layer: 2\nn_head: 4\nn_embd: 64\nhidden_dim: 96\nmax_position_embeddings: 256\nrope_theta: 1000000\n"
ARCHITECTURES = {
    "qwen": "model_type: qwen\n" + _SHAPE,
    "qwen2": "model_type: qwen2\nn_kv_head: 2\n" + _SHAPE,
    "qwen3": "model_type: qwen3\nn_kv_head: 2\nhead_dim: 128\ntie_word_embeddings: true\n" + _SHAPE,
}


def skip_without(missing, packages):
    """Ends the test as skipped (exit code 77), saying what would make it run."""
    print(f"SKIPPED: {missing}; `pip install {packages}` makes this test run", flush=True)
    sys.exit(77)


def run(*arguments, **options):
    """`genesis ARGUMENTS`: its standard output; any exit code but 0 ends the test with what it printed."""
    done = subprocess.run([GENESIS, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0:
        raise SystemExit(f"genesis {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def tokenizer_file():
    """A vocabulary of the single bytes, in tiktoken's format and Qwen's order."""
    path = WORK / "bytes.tiktoken"
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    order = printable + [b for b in range(256) if b not in printable]
    path.write_text("".join(f"{base64.b64encode(bytes([b])).decode()} {i}\n" for i, b in enumerate(order)))
    return path


def encode(tokenizer, text):
    """Ids of `text` in a vocabulary of single bytes."""
    ids = {base64.b64decode(line.split()[0]): int(line.split()[1]) for line in tokenizer.read_text().splitlines()}
    return [ids[bytes([b])] for b in text.encode()]


def logits(folder, ids):
    """Logits of every position, a list of rows, from `genesis inspect --logits`."""
    return json.loads(run("inspect", folder, "--logits", ",".join(map(str, ids))))["logits"]


def greedy(folder, tokenizer, new_tokens):
    """Greedy ids after each of TEXTS, float32, up to and with a stop token."""
    lines = "".join(json.dumps({"prompt": text}) + "\n" for text in TEXTS)
    out = run("generate", folder, "--tokenizer", tokenizer, "--json", "--raw", "--greedy", "--max-new-tokens", new_tokens,
              "--dtype", "f32", input=lines)
    return [json.loads(line)["ids"] for line in out.splitlines()]
