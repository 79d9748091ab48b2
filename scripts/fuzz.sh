#!/bin/sh
# Fuzzes the parsers of foreign bytes: each target of fuzz/, or those that are named, for a minute
# (FUZZ_SECONDS), and ends with an error at the first input that breaks what the target states.
#
# New inputs stay in fuzz/corpus, so that the next time goes on from there. Needs no nightly toolchain:
# RUSTC_BOOTSTRAP=1 lets a stable compiler take the flags of the sanitizer.

set -eu
cd "$(dirname "$0")/.."

cargo="${CARGO:-cargo}"
seconds="${FUZZ_SECONDS:-60}"
# An input that takes longer has found a loop without an end, or nearly one.
slowest=20
say() { printf '%s\n' "fuzz: $*" >&2; }

if ! "$cargo" fuzz --version >/dev/null 2>&1; then
    say "installing cargo-fuzz"
    "$cargo" install cargo-fuzz --locked
fi
export RUSTC_BOOTSTRAP=1
# Some targets write a file for each input.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi

# Real data that a target begins with.
seeds() {
    case "$1" in
    dialect_line) echo tests/data/logs tests/data/help ;;
    ending | server_events) echo tests/data/logs ;;
    profile) echo profiles ;;
    import) echo tests/cli/import.in ;;
    *) ;;
    esac
    if [ -d "fuzz/seeds/$1" ]; then echo "fuzz/seeds/$1"; fi
}

# Most bytes of an input: of a log of 100 kB, a minute takes a few hundred variants. A cut database is none.
longest() {
    case "$1" in
    history) echo 131072 ;;
    *) echo 4096 ;;
    esac
}

targets="$*"
[ -n "$targets" ] || targets=$("$cargo" fuzz list)
# All at once, so that a target that does not compile is told before the first minute is over.
"$cargo" fuzz build
for target in $targets; do
    corpus="fuzz/corpus/$target"
    found="fuzz/artifacts/$target"
    mkdir -p "$corpus" "$found"
    touch "$found/.begun"
    say "$target for $seconds s"
    # shellcheck disable=SC2046 # the directories have no spaces in their names
    if ! "$cargo" fuzz run "$target" "$corpus" $(seeds "$target") -- \
        -max_total_time="$seconds" -max_len="$(longest "$target")" -timeout="$slowest" -print_final_stats=1 -verbosity=0; then
        input=$(find "$found" -type f -newer "$found/.begun" ! -name .begun | head -n 1)
        say "$target is broken by ${input:-an input that was not kept}"
        say "show it again: RUSTC_BOOTSTRAP=1 $cargo fuzz run $target ${input:-FILE}"
        say "then make a test of it, beside the parser"
        exit 1
    fi
done
say "nothing found"
