#!/bin/sh
# Makes assets/demo.gguf from nothing: data, tokenizer, training, export, evaluation.
# Training resumes from work/checkpoint.npz; remove work/ to start again.
#
#   scripts/demo-model/run.sh [--llama-completion PATH]
#
# Without the option, $LLAMA_COMPLETION and then PATH name the binary. A llama-tokenize
# beside it is used to compare the tokenizers.
set -eu

cd "$(dirname "$0")"

while [ $# -gt 0 ]; do
    case $1 in
    --llama-completion)
        LLAMA_COMPLETION=${2:?--llama-completion needs a path}
        export LLAMA_COMPLETION
        shift 2
        ;;
    *)
        echo "unknown argument: $1 (usage: run.sh [--llama-completion PATH])" >&2
        exit 2
        ;;
    esac
done

# Asked for at the end, so missed at the start.
completion=$(command -v "${LLAMA_COMPLETION:-llama-completion}") || {
    echo "llama-completion was not found. Name it: --llama-completion PATH, or LLAMA_COMPLETION=PATH, or put it on PATH." >&2
    exit 1
}

mkdir -p work
if ! cmp -s requirements.txt work/installed.txt; then
    python3 -m venv work/venv
    work/venv/bin/pip install --quiet --requirement requirements.txt
    cp requirements.txt work/installed.txt
fi
python=work/venv/bin/python

$python data.py
$python pack.py
$python train.py
$python export.py
tokenize=$(dirname "$completion")/llama-tokenize
if [ -x "$tokenize" ]; then
    $python check_tokens.py "$tokenize"
else
    echo "tokens: not compared, there is no llama-tokenize beside llama-completion"
fi
$python evaluate.py --llama-completion "$completion"
