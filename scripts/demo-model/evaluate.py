"""Asks the exported file the held-out requests, through llama-completion, and runs the code it writes.

A known request passes when the answer ends by itself, defines exactly the functions named and
passes every check of each. Any other request passes when the answer is the honest one.
Needs Python alone, no package.
"""

import argparse
import ast
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import catalogue
from config import ASSET, DATA, MODEL, WORK
from data import HONEST, KNOWN, held_out, prompt

LIMIT = 0.95  # share of the known requests that must pass
SAMPLE_LIMIT = 0.8  # the same for a sample: a few requests say no more
RUN_SECONDS = 5  # for the code of one request
ASK_SECONDS = 60  # for one call of llama-completion
MAX_TOKENS = 512
MEMORY = 1 << 30  # bytes of address space for the code of one request
END = " [end of text]"
# llama-completion writes from a queue that it does not empty before it exits (llama.cpp issue 22142):
# on a busy machine the end of the text may be missing, with exit code 0. This line comes after the text.
LAST_LINE = b"total time"
TRIES = 20

# Runs in a process of its own: reads {"code", "checks"}, names the first check that is not true.
HARNESS = r"""
import contextlib, io, json, sys

def fails(function, *arguments):
    try:
        function(*arguments)
    except ValueError:
        return True
    return False

def printed(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        function(*arguments)
    return output.getvalue()

job = json.load(sys.stdin)
space = {"fails": fails, "printed": printed}
exec(job["code"], space)
for check in job["checks"]:
    if not eval(check, space):
        sys.exit("false: " + check)
"""


def find_binary(given: str | None) -> str:
    """The llama-completion to use, or an explanation of how to name one."""
    path = shutil.which(given or os.environ.get("LLAMA_COMPLETION") or "llama-completion")
    if not path:
        raise SystemExit(
            "llama-completion was not found. Name it: --llama-completion PATH, or LLAMA_COMPLETION=PATH, or put it on PATH."
        )
    return path


def ask(binary: str, model: Path, text: str) -> tuple[str, bool]:
    """The answer to a prompt at temperature 0, and whether the model ended it by itself."""
    command = [binary, "-m", model, "-f", "/dev/stdin", "-no-cnv", "--no-display-prompt", "--simple-io", "--no-escape"]
    command += ["-n", str(MAX_TOKENS), "-c", str(MODEL.context), "--temp", "0", "-t", "1"]
    # Exactly one trailing newline of a prompt file is stripped, so one more is sent.
    for _ in range(TRIES):
        done = subprocess.run(command, input=(text + "\n").encode(), capture_output=True, timeout=ASK_SECONDS)
        if done.returncode:
            message = done.stderr.decode(errors="replace")[-2000:]
            raise SystemExit(f"llama-completion failed with {done.returncode}: {message}")
        if LAST_LINE in done.stderr:
            break
    else:
        raise SystemExit(f"llama-completion lost the end of its output {TRIES} times")
    output = done.stdout.decode(errors="replace").rstrip("\n")
    return output.removesuffix(END), output.endswith(END)


def confine() -> None:
    """Limits of the process that runs produced code."""
    resource.setrlimit(resource.RLIMIT_CPU, (RUN_SECONDS, RUN_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(code: str, checks: list[str]) -> str:
    """Runs code and checks in a fresh interpreter. Empty when all is well, else what went wrong."""
    job = json.dumps({"code": code, "checks": checks})
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", HARNESS],
            input=job,
            text=True,
            capture_output=True,
            timeout=RUN_SECONDS,
            preexec_fn=confine,
        )
    except subprocess.TimeoutExpired:
        return "ran too long"
    return (done.stderr.strip().splitlines() or ["failed"])[-1] if done.returncode else ""


def defined(code: str) -> list[str]:
    """Names of the functions at the top level of some code."""
    return [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]


def fault(example: dict, text: str, ended: bool, checks: dict[str, list[str]]) -> str:
    """Why an answer does not pass; empty when it does."""
    if not ended:
        return "did not end by itself"
    if "\n\n\n" in text:
        return "three newlines: a stop sequence of the coder profile"
    if example["kind"] != KNOWN:
        return "" if HONEST in text and not re.search(r"^def ", text, re.MULTILINE) else "not the honest answer"
    try:
        names = defined(text)
    except SyntaxError as error:
        return f"syntax: {error}"
    if sorted(names) != sorted(example["functions"]):
        return f"defines {names}, not {example['functions']}"
    return run(text, [check for name in names for check in checks[name]])


def choose(examples: list[dict], sample: int | None) -> list[dict]:
    """All examples, or about `sample` of them, spread evenly over the kinds; the first is always there."""
    if not sample or sample >= len(examples):
        return examples
    return [examples[index * len(examples) // sample] for index in range(sample)]


def report(results: list[dict]) -> float:
    """Prints what failed and the figures; gives the share of known requests that passed."""
    for result in results:
        if result["fault"]:
            print(f"FAILED {result['kind']}: {result['request']!r}: {result['fault']}")
    shares = {}
    for kind in sorted({result["kind"] for result in results}):
        group = [result for result in results if result["kind"] == kind]
        good = sum(not result["fault"] for result in group)
        shares[kind] = good / len(group)
        exact = sum(result["text"] == result["answer"] for result in group)
        print(f"{kind}: {good} of {len(group)} pass ({shares[kind]:.1%}), {exact} are the expected text to the letter")
    return shares.get(KNOWN, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ASSET)
    parser.add_argument("--llama-completion", metavar="PATH", help="default: $LLAMA_COMPLETION, then PATH")
    parser.add_argument("--sample", type=int, metavar="N", help="ask about N requests only")
    parser.add_argument("--seed", type=int, default=DATA.seed, help="draw other held-out requests")
    options = parser.parse_args()
    binary = find_binary(options.llama_completion)
    functions = catalogue.load()
    checks = {function.name: list(function.checks) for function in functions}
    start, results = time.monotonic(), []
    for example in choose(held_out(functions, options.seed), options.sample):
        text, ended = ask(binary, options.model, prompt(example))
        results.append({**example, "text": text, "fault": fault(example, text, ended, checks)})
    WORK.mkdir(exist_ok=True)
    (WORK / "evaluation.jsonl").write_text("".join(json.dumps(result) + "\n" for result in results))
    share = report(results)
    print(f"evaluate: {len(results)} requests, {time.monotonic() - start:.0f} s")
    limit = SAMPLE_LIMIT if options.sample else LIMIT
    if share < limit:
        raise SystemExit(f"{share:.1%} of the known requests pass: the limit is {limit:.0%}")


if __name__ == "__main__":
    main()
