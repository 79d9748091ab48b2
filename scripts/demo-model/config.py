"""Every number that shapes the model and its training, in one place.

To widen the model, change it here: nothing else holds a size.
"""

import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Everything that can be made again: data, tokenizer, checkpoints, venv.
WORK = HERE / "work"
# The file that the binary embeds, and its size limit in bytes.
ASSET = HERE.parent.parent / "assets" / "demo.gguf"
ASSET_LIMIT = 3_000_000

# The profiles that come with the binary. Their templates are what the model reads.
PROFILES = HERE.parent.parent / "profiles"

# Control tokens: what ends a raw answer, and what holds the turns of a chat.
END_OF_TEXT = "<|endoftext|>"
TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the network. Rows of Q8_0 come in blocks of 32, so widths are multiples of 32."""

    vocab: int = 1280  # byte-level BPE tokens, control tokens included
    width: int = 160
    layers: int = 6
    heads: int = 5
    feed_forward: int = 416
    context: int = 1024  # tokens
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        return self.width // self.heads


@dataclass(frozen=True)
class TrainConfig:
    """Muon and AdamW at one learning rate, with linear warm-up and cool-down."""

    steps: int = 12700
    batch_tokens: int = 4096
    # Documents go into the shortest row that holds them: attention costs the square of the length.
    row_lengths: tuple[int, ...] = (256, 512, 1024)  # tokens; the last one is the context
    peak_rate: float = 1.6e-3
    warm_up: int = 100  # steps
    cool_down: int = 2500  # steps
    weight_decay: float = 0.05
    momentum: float = 0.95  # of Muon
    muon_scale: float = 0.4  # makes a Muon step about twice as large as one of AdamW
    beta1: float = 0.9  # of AdamW
    beta2: float = 0.95
    clip: float = 1.0  # global gradient norm
    # Weight of a prompt token in the loss; an answer token has 1. Prompts teach the words at
    # first; later they are noise, for nobody can guess what is asked next.
    early_prompt_weight: float = 0.1
    late_prompt_weight: float = 0.01
    early: int = 700  # steps
    # What the request decides (a profile, a name, the end) is a few tokens among many known by heart.
    choice_weight: float = 5.0
    checkpoint_every: int = 100  # steps
    seed: int = 1


@dataclass(frozen=True)
class DataConfig:
    """How many requests are made, from which seed."""

    seed: int = 2026
    train: int = 200_000
    # Requests held out, of each kind; evaluation asks each of them raw and as a chat.
    coder: int = 200
    algorithm: int = 100
    route: int = 200
    unknown: int = 75
    language: int = 20


MODEL = ModelConfig()
TRAIN = TrainConfig(steps=int(os.environ.get("DEMO_STEPS", TrainConfig.steps)))
DATA = DataConfig()
