"""Asks the exported file the held-out requests, through llama-completion, and runs the code it writes.

A request for code passes when the answer ends by itself, defines exactly the functions named, tells the
complexity of each algorithm among them, and passes every check of each. A routed request passes when the
answer is the right profile's name. Any other request passes when the answer is the honest one.
Every request is asked twice: with the profile's prompt, and as a chat. Needs Python alone, no package.
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
import prompts
from catalogue import ALGORITHM, CODER, COMPLEXITY, Function
from config import ASSET, DATA, MODEL, WORK
from data import CHAT, CODED, HONEST, LANGUAGE, RAW, ROUTER, UNKNOWN, held_out

# Share of the requests of a kind that must pass in each form.
LIMITS = {CODER: 0.95, ALGORITHM: 0.90, ROUTER: 0.98, UNKNOWN: 0.95, LANGUAGE: 0.8}
# The same of a sample, of all kinds and forms together: one or two requests of a kind say nothing.
SAMPLE_LIMIT = 0.85
RUN_SECONDS = 5  # for the code of one request
ASK_SECONDS = 60  # for one call of llama-completion
MAX_TOKENS = 900  # no answer is longer
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


def grammar() -> str:
    """What the router may answer: the name of a profile, after a space or not."""
    names = " | ".join(f'"{name}"' for name in sorted(prompts.routes()))
    return f'root ::= " "? ({names})'


def ask(binary: str, model: Path, text: str, *more: str) -> tuple[str, bool]:
    """The answer to a prompt at temperature 0, and whether the model ended it by itself. `more` are arguments."""
    command = [binary, "-m", model, "-f", "/dev/stdin", "-no-cnv", "--no-display-prompt", "--simple-io", "--no-escape"]
    command += ["-n", str(MAX_TOKENS), "-c", str(MODEL.context), "--temp", "0", "-t", "1", "-tb", "1", *more]
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


def fault(example: dict, text: str, ended: bool, catalogued: dict[str, Function]) -> str:
    """Why an answer does not pass; empty when it does."""
    if not ended:
        return "did not end by itself"
    if "\n\n\n" in text:
        return "three newlines: a stop sequence of the coder profile"
    if example["kind"] == ROUTER:
        return "" if text.strip() == example["text"] else f"routed to {text.strip()}"
    if example["kind"] not in CODED:
        return "" if HONEST in text and not re.search(r"^def ", text, re.MULTILINE) else "not the honest answer"
    try:
        names = defined(text)
    except SyntaxError as error:
        return f"syntax: {error}"
    if sorted(names) != sorted(example["functions"]):
        return f"defines {names}, not {example['functions']}"
    functions = [catalogued[name] for name in names]
    if text.count(COMPLEXITY) != sum(function.role == ALGORITHM for function in functions):
        return "does not tell the complexity of every algorithm"
    return run(text, [check for function in functions for check in function.checks])


def choose(examples: list[dict], sample: int | None) -> list[dict]:
    """All examples, or `sample` of them, spread evenly over kinds and forms; the first is always there."""
    if not sample or sample >= len(examples):
        return examples
    # The forms of a request stand side by side: they take turns.
    forms = len({example["form"] for example in examples})
    places = ((index, index * len(examples) // sample) for index in range(sample))
    return [examples[place - place % forms + index % forms] for index, place in places]


def report(results: list[dict]) -> dict[tuple[str, str], float]:
    """Prints what failed and the figures; gives the share that passed, by kind and form."""
    for result in results:
        if result["fault"]:
            print(f"FAILED {result['kind']}, {result['form']}: {result['request']!r}: {result['fault']}")
    shares = {}
    for kind, form in dict.fromkeys((result["kind"], result["form"]) for result in results):
        group = [result for result in results if (result["kind"], result["form"]) == (kind, form)]
        good = sum(not result["fault"] for result in group)
        shares[kind, form] = good / len(group)
        exact = sum(result["output"].strip() == result["answer"].strip() for result in group)
        print(
            f"{kind}, {form}: {good} of {len(group)} pass ({good / len(group):.1%}), "
            f"{exact} are the expected text to the letter"
        )
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ASSET)
    parser.add_argument("--llama-completion", metavar="PATH", help="default: $LLAMA_COMPLETION, then PATH")
    parser.add_argument("--sample", type=int, metavar="N", help="ask about N requests only")
    parser.add_argument("--seed", type=int, default=DATA.seed, help="draw other held-out requests")
    parser.add_argument("--form", choices=(RAW, CHAT), help="ask in this form only")
    parser.add_argument("--kind", choices=LIMITS, help="ask requests of this kind only")
    options = parser.parse_args()
    binary = find_binary(options.llama_completion)
    functions = catalogue.load()
    catalogued = {function.name: function for function in functions}
    examples = [
        example
        for example in held_out(functions, options.seed)
        if options.form in (None, example["form"]) and options.kind in (None, example["kind"])
    ]
    start, results = time.monotonic(), []
    for example in choose(examples, options.sample):
        more = ("--grammar", grammar()) if example["kind"] == ROUTER else ()
        text, ended = ask(binary, options.model, example["prompt"], *more)
        results.append({**example, "output": text, "fault": fault(example, text, ended, catalogued)})
    WORK.mkdir(exist_ok=True)
    (WORK / "evaluation.jsonl").write_text("".join(json.dumps(result) + "\n" for result in results))
    shares = report(results)
    print(f"evaluate: {len(results)} requests, {time.monotonic() - start:.0f} s")
    if options.sample:
        share = sum(not result["fault"] for result in results) / len(results)
        if share < SAMPLE_LIMIT:
            raise SystemExit(f"{share:.1%} of the sample pass: the limit is {SAMPLE_LIMIT:.0%}")
        return
    missed = [
        f"{kind}, {form}: {share:.1%}, the limit is {LIMITS[kind]:.0%}"
        for (kind, form), share in shares.items()
        if share < LIMITS[kind]
    ]
    if missed:
        raise SystemExit("too few pass: " + "; ".join(missed))


if __name__ == "__main__":
    main()
