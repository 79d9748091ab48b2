#!/bin/sh
# Makes sure that orchestrate can be compiled: cargo, and a C and C++ compiler with its linker.
# All else (cmake, ninja, pip, llama.cpp) is `orchestrate build`'s business.
#
# Where everything is there it only looks. A missing compiler is installed through apt-get, as root or
# with password-less sudo; cargo is never installed here, as no package registry offers a current one.

set -eu

say() { printf '%s\n' "setup: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

cargo_bin="${CARGO_HOME:-${HOME:-}/.cargo}/bin"
if ! have cargo; then
    if [ -x "$cargo_bin/cargo" ]; then
        say "cargo is in $cargo_bin, which is not on PATH: add it and run this again"
    else
        say "cargo is missing: install Rust 1.89 or newer with rustup, or a package of your system"
        say "that is new enough, and run this again"
    fi
    exit 1
fi

if have cc && { have c++ || have g++ || have clang++; }; then
    exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    $as_root true 2>/dev/null || as_root="no"
fi
if [ "$as_root" = no ] || ! have apt-get; then
    say "a C and C++ compiler is missing: install gcc and g++ and run this again (Debian, Ubuntu:"
    say "apt-get install build-essential; Fedora: dnf install gcc-c++ make; macOS: xcode-select --install)"
    exit 1
fi

say "installing gcc, g++ and make with apt-get"
# A failed update (one dead mirror is enough) need not mean that the install fails.
# shellcheck disable=SC2086 # as_root is empty, or a command and its option
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2 ||
    say "apt-get update failed, trying the package lists that are there"
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
    install --no-install-recommends build-essential >&2 || {
    say "apt-get could not install build-essential: install gcc, g++ and make by hand and run this again"
    exit 1
}
