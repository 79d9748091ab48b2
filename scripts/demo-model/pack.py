"""Learns the tokenizer and packs the training documents into rows of a few lengths."""

import json
import time

import numpy as np

from config import MODEL, TRAIN, WORK
from data import RAW, ROUTER
from tokenizer import CONTROL, Tokenizer

# Kept while it is there: a checkpoint knows no other tokens.
TOKENIZER = WORK / "tokenizer.json"
TOKENIZER_SAMPLE = 30_000  # documents the tokenizer is learned from
OPEN_ROWS = 32  # rows that a document may still join
PROMPT, ANSWER, ROUTE = 1, 2, 3  # parts of a document; 0 is padding


def encode(tokenizer: Tokenizer, example: dict) -> tuple[list[int], int, int]:
    """Tokens of a document, its end included, how many of them are its prompt, and what part the others are."""
    assert not any(name in example["request"] + example["answer"] for name in CONTROL), example["request"]
    question = tokenizer.encode(example["prompt"])
    end = tokenizer.end_of_text if example["form"] == RAW else tokenizer.turn_end
    part = ROUTE if example["kind"] == ROUTER else ANSWER
    return [*question, *tokenizer.encode(example["answer"]), end], len(question), part


def pack(documents, length: int) -> dict[str, np.ndarray]:
    """Rows of `length` + 1 tokens: the token, its document (from 1, 0 for padding) and its part."""
    full, rows = [], []
    for document in documents:
        size = len(document[0])
        fitting = [row for row in rows if row[0] + size <= length + 1]
        if not fitting and len(rows) == OPEN_ROWS:
            full.append(max(rows, key=lambda row: row[0]))
            rows.remove(full[-1])
        if fitting:
            row = max(fitting, key=lambda row: row[0])
        else:
            row = [0, []]
            rows.append(row)
        row[0] += size
        row[1].append(document)
    full += rows
    table = {name: np.zeros((len(full), length + 1), np.int16) for name in ("tokens", "documents", "parts")}
    for index, (_, members) in enumerate(full):
        at = 0
        for number, (tokens, asked, part) in enumerate(members, 1):
            end = at + len(tokens)
            table["tokens"][index, at:end] = tokens
            table["documents"][index, at:end] = number
            table["parts"][index, at : at + asked] = PROMPT
            table["parts"][index, at + asked : end] = part
            at = end
    return table


def main() -> None:
    start = time.monotonic()
    examples = [json.loads(line) for line in (WORK / "train.jsonl").read_text().splitlines()]
    sample = (example["prompt"] + example["answer"] for example in examples[:TOKENIZER_SAMPLE])
    if not TOKENIZER.exists():
        Tokenizer.train(sample, MODEL.vocab).save(TOKENIZER)
    tokenizer = Tokenizer.load(TOKENIZER)
    documents = [encode(tokenizer, example) for example in examples]
    lengths = np.array([len(tokens) for tokens, _, _ in documents])
    assert lengths.max() <= MODEL.context, f"a document has {lengths.max()} tokens: raise the context"
    arrays, shorter = {}, 0
    for length in TRAIN.row_lengths:
        table = pack([d for d in documents if shorter < len(d[0]) <= length], length)
        arrays.update({f"{name}/{length}": array for name, array in table.items()})
        shorter = length
    np.savez(WORK / "train.npz", **arrays)
    rows = {length: len(arrays[f"tokens/{length}"]) for length in TRAIN.row_lengths}
    print(
        f"pack: {len(tokenizer.tokens)} tokens, rows {rows}, document {lengths.mean():.0f} tokens on average, "
        f"{lengths.max()} at most, {time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
