"""Byte-level BPE as llama.cpp runs it for tokenizer `gpt2`, pre-tokenizer `gpt-2`."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import regex

from config import END_OF_TEXT, TURN_END, TURN_START

# The pre-tokenizer of GPT-2: merges never cross these pieces.
PIECES = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")

# Tokens that no text makes unless it spells them out.
CONTROL = (END_OF_TEXT, TURN_START, TURN_END)
CONTROLS = regex.compile("(" + "|".join(regex.escape(text) for text in CONTROL) + ")")


def byte_characters() -> dict[int, str]:
    """GPT-2's printable stand-in for each byte, which is how GGUF stores tokens."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {byte: chr(byte) for byte in printable}
    table.update({byte: chr(256 + index) for index, byte in enumerate(others)})
    return table


BYTE_TO_CHAR = byte_characters()
CHAR_TO_BYTE = {char: byte for byte, char in BYTE_TO_CHAR.items()}


def split(text: str) -> list[str]:
    """The pieces of a text, written in stand-in characters; a control token is a piece as it is."""
    pieces = []
    for part in CONTROLS.split(text):
        if part in CONTROL:
            pieces.append(part)
        else:
            pieces += ["".join(BYTE_TO_CHAR[b] for b in piece.encode()) for piece in PIECES.findall(part)]
    return pieces


def learn_merges(counts: Counter, wanted: int) -> list[tuple[str, str]]:
    """The `wanted` most frequent merges, best first. Ties go to the smaller pair: same text, same merges."""
    words = [(list(word), count) for word, count in sorted(counts.items())]
    pairs, holders = Counter(), defaultdict(set)
    for index, (symbols, count) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pairs[pair] += count
            holders[pair].add(index)
    merges = []
    while len(merges) < wanted and pairs:
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] <= 0:
            break
        merges.append(best)
        for index in holders.pop(best):
            symbols, count = words[index]
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] -= count
            symbols[:] = merge(symbols, best)
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += count
                holders[pair].add(index)
        del pairs[best]
    return merges


def merge(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    """`symbols` with every occurrence of `pair` joined, from the left."""
    joined, index = [], 0
    while index < len(symbols):
        if tuple(symbols[index : index + 2]) == pair:
            joined.append(symbols[index] + symbols[index + 1])
            index += 2
        else:
            joined.append(symbols[index])
            index += 1
    return joined


class Tokenizer:
    """Encodes and decodes with a list of merges. The control tokens come first, then the bytes, then the merges."""

    end_of_text, turn_start, turn_end = range(3)

    def __init__(self, merges: list[tuple[str, str]]):
        self.merges = merges
        self.tokens = [*CONTROL, *BYTE_TO_CHAR.values(), *(a + b for a, b in merges)]
        self.ids = {token: index for index, token in enumerate(self.tokens)}
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.known: dict[str, list[int]] = {}

    @classmethod
    def train(cls, texts, vocab: int) -> "Tokenizer":
        """A tokenizer of `vocab` tokens learned from an iterable of texts."""
        counts = Counter(piece for text in texts for piece in split(text) if piece not in CONTROL)
        return cls(learn_merges(counts, vocab - len(CONTROL) - len(BYTE_TO_CHAR)))

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        return cls([tuple(pair) for pair in json.loads(path.read_text())])

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.merges, ensure_ascii=False))

    def encode(self, text: str) -> list[int]:
        """Token ids of a text. Like llama.cpp with a prompt, it reads the names of control tokens as these tokens."""
        return [token for piece in split(text) for token in self.encode_piece(piece)]

    def encode_piece(self, piece: str) -> list[int]:
        if piece not in self.known:
            symbols = [piece] if piece in CONTROL else list(piece)
            while len(symbols) > 1:
                ranked = [p for p in zip(symbols, symbols[1:]) if p in self.ranks]
                if not ranked:
                    break
                symbols = merge(symbols, min(ranked, key=self.ranks.get))
            self.known[piece] = [self.ids[symbol] for symbol in symbols]
        return self.known[piece]

    def decode(self, ids: list[int]) -> str:
        text = "".join(self.tokens[i] for i in ids if i >= len(CONTROL))
        return bytes(CHAR_TO_BYTE[char] for char in text).decode(errors="replace")
