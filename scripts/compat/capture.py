"""Writes down what the programs of one build of llama.cpp print.

usage: python3 scripts/compat/capture.py ORCHESTRATE PROGRAMS [OUT]

ORCHESTRATE is the compiled orchestrate, PROGRAMS the directory with llama-completion (or llama-cli)
and llama-server, OUT is tests/data unless said otherwise. Into OUT/help go `--help` and `--version`,
into OUT/logs what a generation prints for each kind of ending, and a server for two requests. The
arguments are those that orchestrate itself passes to this build.

Nothing is changed in what was printed, except that the model's directory becomes /models and that of
the programs /llama.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "Write Python code for: is_prime\n\nCode:"
# Nothing here takes longer, on the busiest machine.
DEADLINE = 120
# llama.cpp may lose its last lines when it exits (llama.cpp#22142): then it is asked again.
ATTEMPTS = 20
CLOSING = b"\n\n"
NO_END = ("--set", "ignore_eos=true")
# What would change a run behind its arguments' back.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("LLAMA_", "HF_"))
}


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    orchestrate, programs = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    out = Path(sys.argv[3]).resolve() if len(sys.argv) == 4 else ROOT / "tests/data"
    with tempfile.TemporaryDirectory() as models:
        Capture(orchestrate, programs, out, Path(models)).all()


class Capture:
    """One build, and where its texts go."""

    def __init__(self, orchestrate, programs, out, models):
        self.orchestrate, self.programs, self.out, self.models = orchestrate, programs, out, models
        self.model = models / "demo.gguf"
        self.model.write_bytes((ROOT / "assets/demo.gguf").read_bytes())
        for folder in ("help", "logs"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        names = [name for name in ("llama-completion", "llama-cli") if (programs / name).is_file()]
        if not names:
            sys.exit(f"{programs}: there is no llama-completion and no llama-cli")
        self.generator = names[0]
        self.build = self.build_number()

    def all(self):
        for name in (self.generator, "llama-server"):
            self.help(name)
        self.generation("eos", 0)
        self.generation("limit", 0, "-n", "16")
        # orchestrate itself refuses the next three, so these values are put in afterwards.
        full = {"-c": "256", "-n": "400"}
        self.generation("context-full", 0, *NO_END, changed=full)
        self.generation("prompt-too-long", 1, changed={"-c": "256"}, prompt="word " * 400)
        self.generation("missing-model", 1, changed={"-m": str(self.models / "nope.gguf")})
        # More than the model was trained for, so that there is something left to interrupt.
        endless = {"-c": "4096", "-n": "4000"}
        self.generation("sigint", 130, *NO_END, changed=endless, interrupt=True)
        self.server()

    def run(self, program, *args):
        command = [self.programs / program, *args]
        return subprocess.run(
            command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE
        )

    def build_number(self):
        """The number in `version: 7836 (41d3836)` or `version: 0.6.0 (build 11434, commit …)`."""
        done = self.run(self.generator, "--version")
        lines = (done.stdout + done.stderr).decode().splitlines()
        words = next(line for line in lines if line.startswith("version:")).replace(",", " ").split()
        number = words[words.index("(build") + 1] if "(build" in words else words[1]
        return f"b{int(number)}"

    def write(self, folder, name, data):
        """Writes one file, without the paths of this machine."""
        for path, neutral in ((self.models, b"/models"), (self.programs, b"/llama")):
            data = data.replace(str(path).encode(), neutral)
        (self.out / folder / name).write_bytes(data)
        print(f"{folder}/{name}: {len(data)} bytes", flush=True)

    def help(self, program):
        for flag in ("help", "version"):
            done = self.run(program, f"--{flag}")
            name = f"{program}-{self.build}.{flag}.txt"
            self.write("help", name, done.stdout + done.stderr)

    def arguments(self, *options):
        """What orchestrate passes to this build; from its own account of a run."""
        command = [self.orchestrate, "run", "coder", "is_prime", "-v", "-m", self.model, "--seed", "7"]
        command += ["--llama-dir", self.programs, "--set", "threads=1", "--set", "batch_threads=1"]
        # Nobody's own profiles and settings.
        environment = {**os.environ, "ORCHESTRATE_CONFIG_DIR": str(self.models)}
        done = subprocess.run(
            [*command, *options], env=environment, cwd=self.models, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=DEADLINE,
        )
        for line in done.stderr.decode().splitlines():
            if line.startswith("argv "):
                return line.split()[1:]
        sys.exit(f"orchestrate did not run it:\n{done.stderr.decode()}")

    def generation(self, name, code, *options, prompt=PROMPT, changed=None, interrupt=False):
        arguments = self.arguments(*options)
        for flag, value in (changed or {}).items():
            arguments[arguments.index(flag) + 1] = value
        done = self.generate(arguments, prompt, interrupt)
        for _ in range(ATTEMPTS):
            if code == 0 and done.stdout.endswith(CLOSING):
                break
            again = self.generate(arguments, prompt, interrupt)
            # Only the closing newlines tell that nothing is missing; without them, more is better.
            done = max(again, done, key=lambda run: len(run.stderr))
            if code == 0 and again.stdout.endswith(CLOSING):
                done = again
        if done.returncode != code:
            print(f"{name}: exit code {done.returncode}, not {code}", file=sys.stderr)
        stem = f"{self.build}-completion-{name}"
        self.write("logs", f"{stem}.stderr.log", done.stderr)
        if done.stdout:
            self.write("logs", f"{stem}.stdout.log", done.stdout)

    def generate(self, arguments, prompt, interrupt):
        command = [str(self.programs / self.generator), *arguments]
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, env=ENVIRONMENT, stdin=pipe, stdout=pipe, stderr=pipe)
        # One more newline than the prompt has: the program strips exactly one.
        if not interrupt:
            stdout, stderr = child.communicate(prompt.encode() + b"\n", timeout=DEADLINE)
            return subprocess.CompletedProcess(command, child.returncode, stdout, stderr)
        child.stdin.write(prompt.encode() + b"\n")
        child.stdin.close()
        child.stdin = None
        first = child.stdout.read(64)
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=DEADLINE)
        return subprocess.CompletedProcess(command, child.returncode, first + stdout, stderr)

    def server(self):
        arguments = self.arguments("--set", "backend=server")
        arguments[arguments.index("--host") + 1] = "s.sock"
        command = [str(self.programs / "llama-server"), *arguments]
        child = subprocess.Popen(
            command, cwd=self.models, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        try:
            self.wait_until_healthy(child)
            fixed = {"prompt": PROMPT, "cache_prompt": False, "temperature": 0, "seed": 7}
            told = {"stream": True, "return_progress": True, "timings_per_token": True}
            self.request("completion.sse", {**fixed, **told, "n_predict": 16})
            # Token 0 is the demo model's end of text; not every build heeds `ignore_eos`.
            self.request("context-full.json", {**fixed, "n_predict": 600, "logit_bias": [[0, False]]})
        finally:
            child.terminate()
            _, stderr = child.communicate(timeout=DEADLINE)
        if child.returncode != 0:
            print(f"llama-server: exit code {child.returncode} at SIGTERM", file=sys.stderr)
        self.write("logs", f"{self.build}-server.stderr.log", stderr)

    def request(self, name, body):
        status, answer = self.ask("POST", "/completion", json.dumps(body))
        if status != 200:
            sys.exit(f"llama-server answers {status}: {answer.decode()}")
        self.write("logs", f"{self.build}-server-{name}.log", answer)

    def wait_until_healthy(self, child):
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until and child.poll() is None:
            try:
                if self.ask("GET", "/health")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        sys.exit(f"llama-server does not come up: {child.stderr.read().decode()}")

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(DEADLINE)
        connection.sock.connect(str(self.models / "s.sock"))
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


if __name__ == "__main__":
    main()
