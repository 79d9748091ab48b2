"""Compares our tokenizer with llama-tokenize over the held-out requests and some awkward strings."""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from config import ASSET, WORK
from tokenizer import Tokenizer

AWKWARD = [
    "",
    " ",
    "  two  spaces",
    "tabs\tand\nnewlines\n\n",
    "trailing   ",
    "it's we'll I'd they've",
    "été, naïve, Zürich — “quotes”",
    "日本語 のテスト 😀 e\u0301",
    "x=1+2*3//4 % 5 != 6",
    "١٢٣ ² ½ 1,000.5",
    "snake_case camelCase CONSTANT_CASE kebab-case",
    "a\r\nb\u00a0c\u2003d",
    "def f(x):\n    return x\n\n\ndef g():\n\tpass",
]


def theirs(binary: str, model: Path, text: str) -> list[int]:
    """Token ids from llama-tokenize, which reads the names of control tokens as llama-completion does."""
    with tempfile.NamedTemporaryFile("w", newline="") as file:
        file.write(text)
        file.flush()
        command = [
            binary,
            "-m",
            model,
            "-f",
            file.name,
            "--ids",
            "--no-bos",
            "--no-escape",
            "--log-disable",
        ]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("llama_tokenize")
    parser.add_argument("--model", type=Path, default=ASSET)
    options = parser.parse_args()
    tokenizer = Tokenizer.load(WORK / "tokenizer.json")
    examples = [json.loads(line) for line in (WORK / "held-out.jsonl").read_text().splitlines()]
    texts = AWKWARD + sorted({text for example in examples for text in (example["prompt"], example["answer"])})
    different = [t for t in texts if tokenizer.encode(t) != theirs(options.llama_tokenize, options.model, t)]
    print(f"tokens: {len(texts) - len(different)} of {len(texts)} texts have the same tokens in llama-tokenize")
    if different:
        raise SystemExit(f"first difference: {different[0]!r}")


if __name__ == "__main__":
    main()
