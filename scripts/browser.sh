#!/bin/sh
# Makes sure, where that is easy, that there is a browser to look at `orchestrate report` with.
#
# Only a test wants it, which says so and is skipped where there is none. So whatever happens here is no
# failure, and takes two minutes at most: Chromium is installed through apt-get, as root or with password-less
# sudo, and nowhere else.

set -eu

say() { printf '%s\n' "browser: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# The names that the test looks for (tests/report/browser.rs).
if [ -n "${CHROME:-}" ]; then exit 0; fi
for name in chromium chromium-browser google-chrome chrome; do
    if have "$name"; then exit 0; fi
done

skip() {
    say "$*; the tests that look at the report in a browser are skipped"
    exit 0
}

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    $as_root true 2>/dev/null || skip "Chromium is missing, and only root can install it"
fi
have apt-get || skip "Chromium is missing, and there is no apt-get to install it"
have timeout || skip "Chromium is missing, and there is no timeout to bound its installation"
# Ubuntu's package of that name is a wrapper around a snap, which cannot run in a container.
if [ -r /etc/os-release ] && grep -q '^ID=ubuntu' /etc/os-release; then
    skip "Chromium is missing, and Ubuntu has no package of it"
fi

say "installing chromium with apt-get, for the tests of the report"
packages="chromium fonts-dejavu-core"
# What waits for the network is bounded; what changes the system is not cut off half-way.
# shellcheck disable=SC2086 # as_root is empty, or a command and its option; packages are several words
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=20 "$@" >&2; }
# shellcheck disable=SC2086
bounded() { timeout "$1" $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y $2 >&2; }
bounded 40 update || say "apt-get update failed, trying the package lists that are there"
bounded 80 "install --download-only --no-install-recommends $packages" ||
    skip "apt-get could not fetch chromium"
# shellcheck disable=SC2086
apt install --no-install-recommends $packages || skip "apt-get could not install chromium"
