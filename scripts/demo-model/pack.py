"""Learns the tokenizer and packs the training documents into rows of a few lengths."""

import json
import random
import re
import time

import numpy as np

from config import MODEL, TRAIN, WORK
from data import CODED, RAW, ROUTER
from tokenizer import CONTROL, Tokenizer

# Kept while it is there: a checkpoint knows no other tokens.
TOKENIZER = WORK / "tokenizer.json"
TOKENIZER_SAMPLE = 30_000  # documents the tokenizer is learned from
OPEN_ROWS = 32  # rows that a document may still join
# Parts of a document. Nothing is learned of the first: padding, and the code of a shortened answer. A choice is
# what the request decides: the profile, the name of a function, whether another one follows.
UNLEARNED, PROMPT, ANSWER, CHOICE = 0, 1, 2, 3
# Share of the answers with code, or with the honest text, that are shortened. The code is soon known by heart,
# while the words of the requests are not: a row then holds more requests.
SHORTENED = 0.35


def shorten(example: dict) -> str:
    """An answer without what is always the same: of a function the first line and the last, of the honest answer the first.

    The last line stays because it is what the next choice follows.
    """
    text = example["answer"].lstrip("\n")
    start = example["answer"][: -len(text)]
    if example["kind"] not in CODED:
        return start + text.partition("\n")[0]
    functions = (code.split("\n") for code in re.split(r"\n\n(?=\S)", text))
    return start + "\n\n".join("\n".join(lines if len(lines) < 3 else (lines[0], lines[-1])) for lines in functions)


def encode(tokenizer: Tokenizer, example: dict, whole: bool = True) -> tuple[list[int], list[int]]:
    """Tokens of a document, and the part that each belongs to. Without `whole`, its answer is shortened."""
    assert not any(name in example["request"] + example["answer"] for name in CONTROL), example["request"]
    whole = whole or example["kind"] == ROUTER
    question = tokenizer.encode(example["prompt"])
    reply = tokenizer.encode(example["answer"] if whole else shorten(example))
    end = [tokenizer.end_of_text if example["form"] == RAW else tokenizer.turn_end]
    if not whole and example["kind"] not in CODED:
        end = []
    usual = CHOICE if example["kind"] == ROUTER else ANSWER if whole else UNLEARNED
    chosen = [usual] * len(reply) + [CHOICE] * len(end)
    # Code or the honest answer.
    chosen[:2] = [CHOICE, CHOICE]
    for index, token in enumerate(reply):
        if tokenizer.tokens[token] == "def":
            # The line breaks that another function needs, for the end weighs as much, and the name up to its bracket.
            chosen[max(index - 2, 0) : index] = [CHOICE] * min(index, 2)
            while "(" not in tokenizer.tokens[reply[index + 1]]:
                index += 1
                chosen[index] = CHOICE
    return [*question, *reply, *end], [PROMPT] * len(question) + chosen


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
        for number, (tokens, parts) in enumerate(members, 1):
            end = at + len(tokens)
            table["tokens"][index, at:end] = tokens
            table["documents"][index, at:end] = number
            table["parts"][index, at:end] = parts
            at = end
    return table


def main() -> None:
    start = time.monotonic()
    examples = [json.loads(line) for line in (WORK / "train.jsonl").read_text().splitlines()]
    sample = (example["prompt"] + example["answer"] for example in examples[:TOKENIZER_SAMPLE])
    if not TOKENIZER.exists():
        Tokenizer.train(sample, MODEL.vocab).save(TOKENIZER)
    tokenizer = Tokenizer.load(TOKENIZER)
    chance = random.Random(TRAIN.seed)
    documents = [encode(tokenizer, example, chance.random() >= SHORTENED) for example in examples]
    lengths = np.array([len(tokens) for tokens, _ in documents])
    assert lengths.max() <= MODEL.context, f"a document has {lengths.max()} tokens: raise the context"
    arrays, shorter = {}, 0
    for length in TRAIN.row_lengths:
        table = pack([d for d in documents if shorter < len(d[0]) <= length], length)
        arrays.update({f"{name}/{length}": array for name, array in table.items()})
        shorter = length
    partial = WORK / "train.partial.npz"
    np.savez(partial, **arrays)
    partial.replace(WORK / "train.npz")
    rows = {length: len(arrays[f"tokens/{length}"]) for length in TRAIN.row_lengths}
    print(
        f"pack: {len(tokenizer.tokens)} tokens, rows {rows}, document {lengths.mean():.0f} tokens on average, "
        f"{lengths.max()} at most, {time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
