"""Writes a checkpoint as a Q8_0 GGUF that llama.cpp loads without help."""

import argparse
import hashlib
from pathlib import Path

import gguf
import numpy as np

import model
from config import ASSET, ASSET_LIMIT, MODEL, WORK, ModelConfig
from prompts import CHAT_TEMPLATE
from tokenizer import CONTROL, Tokenizer

NAME = "orchestrate demo"
DESCRIPTION = (
    "Tiny demonstration model of orchestrate: writes short Python functions and classic algorithms, "
    "chooses between the two profiles, and says so when it is asked for anything else."
)


def write(path: Path, config: ModelConfig, tokenizer: Tokenizer, parameters: dict) -> None:
    """Writes the file next to `path` and moves it there, so that a reader never sees half of it."""
    partial = path.with_name(path.name + ".partial")
    writer = gguf.GGUFWriter(partial, "llama")
    add_metadata(writer, config)
    add_tokenizer(writer, tokenizer)
    for name, array in parameters.items():
        array = np.asarray(array, np.float32)
        if array.ndim == 1:
            writer.add_tensor(name, array)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)


def add_metadata(writer: gguf.GGUFWriter, config: ModelConfig) -> None:
    """What the model is, and its shape."""
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_license("MIT")
    writer.add_languages(["en"])
    writer.add_tags(["text-generation", "code"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(config.vocab)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.feed_forward)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.heads)
    writer.add_rope_dimension_count(config.head_width)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_layer_norm_rms_eps(config.norm_epsilon)


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    """No token is put in front of a prompt: every training document starts with its prompt."""
    normal, control = gguf.TokenType.NORMAL, gguf.TokenType.CONTROL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokenizer.tokens)
    writer.add_token_types([control] * len(CONTROL) + [normal] * (len(tokenizer.tokens) - len(CONTROL)))
    writer.add_token_merges([f"{a} {b}" for a, b in tokenizer.merges])
    writer.add_bos_token_id(tokenizer.end_of_text)
    writer.add_eos_token_id(tokenizer.end_of_text)
    writer.add_eot_token_id(tokenizer.turn_end)
    writer.add_chat_template(CHAT_TEMPLATE)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ASSET)
    output = parser.parse_args().output
    from train import load_parameters

    write(output, MODEL, Tokenizer.load(WORK / "tokenizer.json"), load_parameters(MODEL))
    size = output.stat().st_size
    print(f"{output.name}: {size} bytes, {model.count(MODEL)} parameters")
    if size > ASSET_LIMIT:
        raise SystemExit(f"{output.name} is {size} bytes: the limit is {ASSET_LIMIT}")
    # The binary names the unpacked model by it, and checks what it has unpacked.
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    output.with_name(output.name + ".sha256").write_text(digest + "\n")


if __name__ == "__main__":
    main()
