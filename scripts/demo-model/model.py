"""The Llama architecture in plain JAX, laid out as GGUF names it.

Parameters are a flat dictionary: GGUF tensor name -> array of shape (outputs, inputs).
"""

import jax
import jax.numpy as jnp

from config import ModelConfig


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


def rotate(x, cos, sin):
    """Rotary position on interleaved pairs (2i, 2i+1), which is what GGUF's `llama` means. x: (..., T, H)."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(x.shape)


def attend(config, parameters, prefix, x, mask, cos, sin):
    """Causal self-attention; `mask` (B, 1, T, T) is true where a query may look."""
    batch, length, width = x.shape

    def heads(name):
        y = x @ parameters[f"{prefix}.{name}.weight"].T
        return y.reshape(batch, length, config.heads, config.head_width).swapaxes(1, 2)

    query, key = rotate(heads("attn_q"), cos, sin), rotate(heads("attn_k"), cos, sin)
    score = query @ key.swapaxes(-1, -2) * config.head_width**-0.5
    score = jax.nn.softmax(jnp.where(mask, score, -1e9), axis=-1)
    mixed = (score @ heads("attn_v")).swapaxes(1, 2).reshape(batch, length, width)
    return mixed @ parameters[f"{prefix}.attn_output.weight"].T


def feed_forward(parameters, prefix, x):
    """SwiGLU."""
    gate = jax.nn.silu(x @ parameters[f"{prefix}.ffn_gate.weight"].T)
    return (gate * (x @ parameters[f"{prefix}.ffn_up.weight"].T)) @ parameters[f"{prefix}.ffn_down.weight"].T


def logits(config: ModelConfig, parameters, tokens, documents):
    """Scores of the next token, (B, T, vocab). A token sees only its own document (`documents`, (B, T))."""
    length = tokens.shape[1]
    cos, sin = rotation(config, length)
    causal = jnp.tril(jnp.ones((length, length), bool))
    mask = (causal & (documents[:, :, None] == documents[:, None, :]))[:, None]
    x = parameters["token_embd.weight"][tokens]
    for layer in range(config.layers):
        prefix = f"blk.{layer}"
        normal = normalise(x, parameters[f"{prefix}.attn_norm.weight"], config.norm_epsilon)
        x = x + attend(config, parameters, prefix, normal, mask, cos, sin)
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
