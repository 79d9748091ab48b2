# Everything that is asked for here works first, alone and from any state: each target sees to its
# own set-up, and a set-up that is there costs a fraction of a second.
#
# Who does what: scripts/setup.sh makes sure that cargo and a compiler are there, enough to compile
# orchestrate; `orchestrate build` fetches llama.cpp, finds or installs cmake and ninja, and builds;
# scripts/browser.sh sees to a browser for the tests of the report, where that is easy.

CARGO ?= cargo
PROMPT ?= Create functions for add, subtract, multiply, and divide
# Handed over in the environment: a prompt may hold quotes and dollar signs.
export PROMPT
SAMPLE ?= 60
RELEASE = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/release/orchestrate

# The llama-completion that `orchestrate run` would use, out of `orchestrate llama --json`.
define USED_COMPLETION
import json, sys
for entry in json.load(sys.stdin)["candidates"]:
    if entry["used"] and entry["program"] == "llama-completion":
        print(entry["path"])
endef
export USED_COMPLETION

.DEFAULT_GOAL := help
.PHONY: help demo test faults setup build release fmt lint doc demo-model evaluate smoke compat bench-overhead bench-gguf bench-report plan-check tune-check soak fuzz equality synth-check clean install

help: ## this list
	@echo "usage: make TARGET"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile

demo: build ## all set-up, then a generation: code, token by token, and a summary line
	@"$(RELEASE)" run coder "$$PROMPT"

test: setup ## all set-up, then all tests
	@sh scripts/browser.sh
	@$(CARGO) run --quiet --locked -- build
	$(CARGO) test --locked

faults: setup ## inject every fault there is, the slow ones too; the report is target/faults.md
	@$(CARGO) run --quiet --locked -- build
	$(CARGO) test --locked --test faults -- --include-ignored

setup: ## see to it that cargo and a C/C++ compiler are there
	@sh scripts/setup.sh

release: setup ## compile orchestrate for use
	@$(CARGO) build --quiet --release --locked

build: release ## compile orchestrate, then fetch and build llama.cpp
	@"$(RELEASE)" build

fmt: setup ## format the code
	$(CARGO) fmt

lint: setup ## formatting and lints, as CI wants them
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

doc: setup ## the library's documentation, warnings denied
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --locked --no-deps

demo-model: build ## make the embedded demo model anew
	LLAMA_COMPLETION="$$("$(RELEASE)" llama --json | python3 -c "$$USED_COMPLETION")" \
		sh scripts/demo-model/run.sh

# With the same debug build as the tests, so that CI compiles nothing twice.
evaluate: setup ## ask the embedded model a sample of what it never saw (SAMPLE=60)
	@$(CARGO) run --quiet --locked -- build
	LLAMA_COMPLETION="$$($(CARGO) run --quiet --locked -- llama --json | python3 -c "$$USED_COMPLETION")" \
		python3 scripts/demo-model/evaluate.py --sample $(SAMPLE)

# With the same debug build as the tests, on the llama.cpp that they use.
smoke: setup ## test that llama.cpp does what orchestrate needs of it; the report is target/smoke.xml
	@$(CARGO) run --quiet --locked -- build
	@mkdir -p target
	$(CARGO) run --quiet --locked -- smoke --junit target/smoke.xml

compat: ## BUILD=7836: fetch and build that llama.cpp too, and run the real tests on it
	@CARGO="$(CARGO)" sh scripts/compat/run.sh "$(BUILD)"

bench-overhead: build ## what supervision costs
	$(CARGO) bench --locked --bench overhead

bench-gguf: setup ## what it takes to read the header of a model
	$(CARGO) bench --locked --bench gguf

bench-report: setup ## what a year of nights takes: the database, and a report of it
	$(CARGO) bench --locked --bench report

plan-check: setup ## what `plan` says of memory against what llama.cpp reports and takes
	@$(CARGO) run --quiet --locked -- build
	$(CARGO) bench --locked --bench plan_check

soak: setup ## endurance: thousands of runs in one process, and what watching costs
	$(CARGO) bench --locked --bench soak

tune-check: build ## tuned against default and against the best of a small grid, on a synthetic model
	$(CARGO) bench --locked --bench tune_check

# Goes on from the inputs that earlier times have found (fuzz/corpus).
fuzz: setup ## fuzz each parser of foreign bytes for a minute (FUZZ_SECONDS=60)
	@CARGO="$(CARGO)" sh scripts/fuzz.sh

# Needs llama-quantize, which `orchestrate build` makes with the rest.
synth-check: build ## synthetic models against llama-quantize and llama-completion
	ORCHESTRATE_LLAMA_DIR="$${ORCHESTRATE_LLAMA_DIR:-$$(dirname "$$("$(RELEASE)" llama --json | python3 -c "$$USED_COMPLETION")")}" \
		$(CARGO) test --locked --test synth -- --include-ignored --nocapture

equality: setup ## compare both backends on many random cases
	@$(CARGO) run --quiet --locked -- build
	ORCHESTRATE_EQUALITY_CASES=400 $(CARGO) test --locked --test equality -- --nocapture whatever

clean: ## remove cached builds of llama.cpp (asks first), then target/
	-@if [ -x "$(RELEASE)" ]; then "$(RELEASE)" clean; fi
	$(CARGO) clean

install: setup ## install orchestrate for this user
	$(CARGO) install --locked --path .
