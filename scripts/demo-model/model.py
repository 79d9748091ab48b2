"""The Llama architecture in plain JAX, laid out as GGUF names it.

Parameters are a flat dictionary: GGUF tensor name -> array of shape (outputs, inputs).
"""

import jax
import jax.numpy as jnp
import numpy as np

from config import ModelConfig

# Queries attend in blocks of this many, each to the keys up to its end alone: a row of 512 tokens
# takes a quarter less time, a row of 1024 a third.
QUERIES = 128


def shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """GGUF name and shape of every tensor. The embedding also serves as the output (tied)."""
    width, hidden = config.width, config.feed_forward
    table = {"token_embd.weight": (config.vocab, width), "output_norm.weight": (width,)}
    for layer in range(config.layers):
        block = {
            "attn_norm": (width,),
            "attn_q": (width, width),
            "attn_k": (width, width),
            "attn_v": (width, width),
            "attn_output": (width, width),
            "ffn_norm": (width,),
            "ffn_gate": (hidden, width),
            "ffn_up": (hidden, width),
            "ffn_down": (width, hidden),
        }
        table.update({f"blk.{layer}.{name}.weight": shape for name, shape in block.items()})
    return table


def initial(config: ModelConfig, seed: int) -> dict[str, jax.Array]:
    """Normal weights of variance 1/inputs, quieter where a block writes back; norms are 1."""
    table = shapes(config)
    keys = jax.random.split(jax.random.PRNGKey(seed), len(table))
    parameters = {}
    for key, (name, shape) in zip(keys, table.items()):
        if len(shape) == 1:
            parameters[name] = jnp.ones(shape)
            continue
        scale = 0.02 if name.startswith("token_embd") else shape[1] ** -0.5
        if "attn_output" in name or "ffn_down" in name:
            scale /= (2 * config.layers) ** 0.5
        parameters[name] = scale * jax.random.normal(key, shape)
    return parameters


def normalise(x, weight, epsilon):
    """RMS norm over the last axis."""
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + epsilon) * weight


def rotation(config: ModelConfig, length: int):
    """Cosine and sine of the rotary angles, shape (length, head_width / 2)."""
    half = config.head_width // 2
    frequency = config.rope_base ** (-jnp.arange(half) / half)
    angle = jnp.arange(length)[:, None] * frequency
    return jnp.cos(angle), jnp.sin(angle)


def halves(config: ModelConfig):
    """Order of the rows of a query or key matrix that puts the first of every rotated pair before the second.

    GGUF's `llama` rotates interleaved pairs (2i, 2i+1); halves are faster to cut, and scores do not change
    when queries and keys change their order alike.
    """
    rows = np.arange(config.width).reshape(config.heads, config.head_width // 2, 2)
    return rows.swapaxes(1, 2).reshape(-1)


def rotate(x, cos, sin):
    """Rotary position on halves. x: (..., T, H)."""
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


def masks(documents):
    """What is added to the scores of each block of queries: 0 where a query may look, else very little."""
    length, result = documents.shape[1], []
    causal = np.tril(np.ones((length, length), bool))
    for start in range(0, length, QUERIES):
        end = min(start + QUERIES, length)
        same = documents[:, start:end, None] == documents[:, None, :end]
        result.append((start, end, jnp.where(causal[start:end, :end] & same, 0.0, -1e9)[:, None]))
    return result


def attend(config, parameters, prefix, x, blocks, cos, sin):
    """Causal self-attention within documents; `blocks` comes from `masks`."""
    batch, length, width = x.shape

    def heads(weight):
        return (x @ weight.T).reshape(batch, length, config.heads, config.head_width).swapaxes(1, 2)

    def weight(name):
        return parameters[f"{prefix}.{name}.weight"]

    order = halves(config)
    query = rotate(heads(weight("attn_q")[order] * config.head_width**-0.5), cos, sin)
    key, value = rotate(heads(weight("attn_k")[order]), cos, sin), heads(weight("attn_v"))
    mixed = []
    for start, end, mask in blocks:
        score = query[:, :, start:end] @ key[:, :, :end].swapaxes(-1, -2) + mask
        share = jnp.exp(score - jax.lax.stop_gradient(score.max(axis=-1, keepdims=True)))
        mixed.append(share @ value[:, :, :end] / share.sum(axis=-1, keepdims=True))
    return jnp.concatenate(mixed, axis=2).swapaxes(1, 2).reshape(batch, length, width) @ weight("attn_output").T


def feed_forward(parameters, prefix, x):
    """SwiGLU."""
    gate = jax.nn.silu(x @ parameters[f"{prefix}.ffn_gate.weight"].T)
    return (gate * (x @ parameters[f"{prefix}.ffn_up.weight"].T)) @ parameters[f"{prefix}.ffn_down.weight"].T


def logits(config: ModelConfig, parameters, tokens, documents):
    """Scores of the next token, (B, T, vocab). A token sees only its own document (`documents`, (B, T))."""
    cos, sin = rotation(config, tokens.shape[1])
    blocks = masks(documents)
    x = parameters["token_embd.weight"][tokens]
    for layer in range(config.layers):
        prefix = f"blk.{layer}"
        normal = normalise(x, parameters[f"{prefix}.attn_norm.weight"], config.norm_epsilon)
        x = x + attend(config, parameters, prefix, normal, blocks, cos, sin)
        normal = normalise(x, parameters[f"{prefix}.ffn_norm.weight"], config.norm_epsilon)
        x = x + feed_forward(parameters, prefix, normal)
    x = normalise(x, parameters["output_norm.weight"], config.norm_epsilon)
    return x @ parameters["token_embd.weight"].T


def count(config: ModelConfig) -> int:
    """Number of parameters."""
    total = 0
    for shape in shapes(config).values():
        size = 1
        for side in shape:
            size *= side
        total += size
    return total
