"""Trains the model in JAX: Muon for the matrices of the blocks, AdamW for the rest.

Resumes from the last checkpoint, also after SIGTERM, which ends it with one; the same seed gives the same batches.
"""

import signal
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import model
from config import MODEL, TRAIN, WORK, ModelConfig, TrainConfig
from pack import ANSWER, CHOICE, PROMPT

CHECKPOINT = WORK / "checkpoint.npz"
REPORT_EVERY = 20  # steps


def loss(config: ModelConfig, weights, parameters, tokens, documents, parts):
    """Weighted cross entropy per token, and the plain one of answer tokens. All arrays are (B, T + 1).

    `weights` are those of a prompt token and of a choice; another token of an answer has 1.
    """
    scores = model.logits(config, parameters, tokens[:, :-1], documents[:, :-1])
    target, part = tokens[:, 1:], parts[:, 1:]
    same = documents[:, 1:] == documents[:, :-1]
    chosen = jnp.take_along_axis(scores, target[..., None], axis=-1)[..., 0]
    cost = jax.nn.logsumexp(scores, axis=-1) - chosen
    answer = same * (part >= ANSWER)
    prompt_weight, choice_weight = weights
    weight = same * ((part == ANSWER) + prompt_weight * (part == PROMPT) + choice_weight * (part == CHOICE))
    return (cost * weight).sum() / weight.sum(), (cost * answer).sum() / answer.sum()


def rate(config: TrainConfig, step):
    """Learning rate: up in a line, level, and down in a line. A run can be made longer while it is level."""
    rise = (step + 1) / config.warm_up
    fall = (config.steps - step) / config.cool_down
    return config.peak_rate * jnp.minimum(1.0, jnp.minimum(rise, fall))


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=(2,))
def update(shape: ModelConfig, config: TrainConfig, state, tokens, documents, parts):
    """One step. Matrices decay, norms do not."""
    step, parameters = state["step"], state["parameters"]
    prompt_weight = jnp.where(step < config.early, config.early_prompt_weight, config.late_prompt_weight)
    target = partial(loss, shape, (prompt_weight, config.choice_weight))
    (_, answer_loss), gradients = jax.value_and_grad(target, has_aux=True)(parameters, tokens, documents, parts)
    size = jnp.sqrt(sum((g * g).sum() for g in gradients.values()))
    scale = jnp.minimum(1.0, config.clip / (size + 1e-9))
    speed, b1, b2 = rate(config, step), config.beta1, config.beta2
    new = {"step": step + 1, "parameters": {}, "mean": {}, "square": {}}
    for name, weight in parameters.items():
        gradient = gradients[name] * scale
        if name in state["square"]:
            mean = b1 * state["mean"][name] + (1 - b1) * gradient
            square = b2 * state["square"][name] + (1 - b2) * gradient**2
            new["square"][name] = square
            direction = (mean / (1 - b1 ** (step + 1.0))) / (jnp.sqrt(square / (1 - b2 ** (step + 1.0))) + 1e-8)
        else:
            mean = config.momentum * state["mean"][name] + gradient
            direction = config.muon_scale * orthogonal(gradient + config.momentum * mean)
        new["mean"][name] = mean
        decay = config.weight_decay * weight if weight.ndim == 2 else 0.0
        new["parameters"][name] = weight - speed * (direction + decay)
    return new, answer_loss


def orthogonal(matrix):
    """Nearly the nearest matrix with equal singular values, scaled so that its entries
    grow like AdamW's. Muon: Newton-Schulz iteration and constants of Jordan et al., "Muon" (2024),
    scale of Liu et al. 2025, arXiv:2502.16982.
    """
    rows, columns = matrix.shape
    x = matrix.T if rows > columns else matrix
    x = x / (jnp.linalg.norm(x) + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return max(rows, columns) ** 0.5 * (x.T if rows > columns else x)


def fresh_state() -> dict:
    """A state at step 0. Only what AdamW trains has a mean square."""
    parameters = model.initial(MODEL, TRAIN.seed)
    zeros = {name: jnp.zeros_like(weight) for name, weight in parameters.items()}
    squares = {
        name: jnp.zeros_like(weight)
        for name, weight in parameters.items()
        if weight.ndim == 1 or not name.startswith("blk.")
    }
    return {"step": jnp.array(0), "parameters": parameters, "mean": zeros, "square": squares}


def save(state: dict) -> None:
    """Writes the checkpoint whole or not at all."""
    flat = {"step": state["step"]}
    for group in ("parameters", "mean", "square"):
        flat.update({f"{group}/{name}": array for name, array in state[group].items()})
    partial_file = CHECKPOINT.with_suffix(".partial.npz")
    np.savez(partial_file, **flat)
    partial_file.replace(CHECKPOINT)


def load_state(path: Path = CHECKPOINT) -> dict:
    state = {"parameters": {}, "mean": {}, "square": {}}
    with np.load(path) as flat:
        state["step"] = jnp.array(flat["step"])
        for key in flat.files:
            group, _, name = key.partition("/")
            if name:
                state[group][name] = jnp.array(flat[key])
    return state


def load_parameters(config: ModelConfig) -> dict:
    """The weights of the last checkpoint, checked against the configuration."""
    parameters = load_state()["parameters"]
    found = {name: array.shape for name, array in parameters.items()}
    if found != model.shapes(config):
        raise SystemExit(f"{CHECKPOINT.name} has another shape than config.py: remove it and train again")
    return parameters


def batches(config: TrainConfig) -> list[tuple[np.ndarray, ...]]:
    """One epoch of (tokens, documents, parts), each batch of one row length, in a seeded order."""
    chance = np.random.default_rng(config.seed)
    result = []
    with np.load(WORK / "train.npz") as file:
        for length in config.row_lengths:
            arrays = [file[f"{name}/{length}"] for name in ("tokens", "documents", "parts")]
            size = config.batch_tokens // length
            order = chance.permutation(len(arrays[0]))
            for at in range(0, len(order) - size + 1, size):
                result.append(tuple(array[order[at : at + size]] for array in arrays))
    return [result[index] for index in chance.permutation(len(result))]


def main() -> None:
    epoch = batches(TRAIN)
    state = load_state() if CHECKPOINT.exists() else fresh_state()
    first = int(state["step"])
    print(
        f"train: {model.count(MODEL)} parameters, {len(epoch)} batches per epoch, steps {first} to {TRAIN.steps}",
        flush=True,
    )
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    start, recent = time.monotonic(), []
    for step in range(first, TRAIN.steps):
        batch = (array.astype(np.int32) for array in epoch[step % len(epoch)])
        state, answer_loss = update(MODEL, TRAIN, state, *batch)
        recent.append(float(answer_loss))
        done = step + 1
        if done % REPORT_EVERY == 0:
            pace = (time.monotonic() - start) / (done - first)
            left = (TRAIN.steps - done) * pace / 60
            print(f"step {done}: loss {np.mean(recent):.4f}, {pace:.2f} s per step, {left:.0f} min left", flush=True)
            recent = []
        if done % TRAIN.checkpoint_every == 0 or done == TRAIN.steps or stopped:
            save(state)
        if stopped:
            raise SystemExit(f"stopped after step {done}")


if __name__ == "__main__":
    main()
