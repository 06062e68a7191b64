#!/bin/sh
# Start this dashboard in the foreground: ./start, or PORT=9000 ./start
#
# The first run makes .venv from wheels/, without a network, and writes a SECRET_KEY to .env; later
# runs only start. It runs on Linux and macOS, from any working directory.
#
# Environment: PORT (8000 if unset), PYTHON (the Python to use), and the settings in .env.
set -eu

version=@PYTHON@ # the Python and the machine that the wheels are for
platform=@PLATFORM@
system=@SYSTEM@
processor=@PROCESSOR@

say() { printf 'start: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

# Print the version of a Python, such as 3.12. Fail if it does not run.
version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

# Print the Python to use: $PYTHON, or the first of the usual names with the right version.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        actual=$(version_of "$PYTHON") || fail "PYTHON=$PYTHON does not run"
        [ "$actual" = "$version" ] ||
            fail "PYTHON=$PYTHON is Python $actual, and the wheels are for Python $version"
        printf '%s\n' "$PYTHON"
        return
    fi
    for name in "python$version" python3 python; do
        if [ "$(version_of "$name")" = "$version" ]; then
            printf '%s\n' "$name"
            return
        fi
    done
    fail "Python $version is not on the PATH. Install it, or run: PYTHON=/path/to/python$version ./start"
}

# Print what .venv depends on. The folder is included because a .venv cannot be moved.
stamp() { printf '%s %s %s\n' "$version" "$(cksum <requirements.txt)" "$(pwd)"; }

make_environment() {
    { [ "$(uname -s)" = "$system" ] && [ "$(uname -m)" = "$processor" ]; } ||
        fail "the wheels are for $platform, and this is $(uname -s) on $(uname -m)"
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make environments. On Debian and Ubuntu, run: apt install python$version-venv"
    say "making .venv with $python (once, without a network)"
    rm -rf .venv
    "$python" -m venv .venv || fail "cannot make $(pwd)/.venv"
    # --isolated ignores this machine's settings for pip. --no-compile takes a quarter of the time,
    # and Python compiles each module when it imports it.
    .venv/bin/python -m pip --isolated install --quiet --disable-pip-version-check --no-compile \
        --no-index --find-links wheels --require-hashes --no-deps --requirement requirements.txt ||
        fail "cannot install the wheels, which are for Python $version on $platform"
    stamp >.venv/.complete # the last step, so that an interrupted run is repeated
}

make_secret() {
    key=$(.venv/bin/python -c 'import secrets; print(secrets.token_hex())')
    (umask 077 && printf '\nSECRET_KEY=%s\n' "$key" >>.env)
    chmod 600 .env
    say "wrote a new SECRET_KEY to $(pwd)/.env. Keep that file when you replace this folder."
}

CDPATH='' cd -- "$(dirname -- "$0")"

if [ ! -x .venv/bin/python ] || [ "$(cat .venv/.complete 2>/dev/null)" != "$(stamp)" ]; then
    make_environment
fi

[ -n "${SECRET_KEY:-}" ] || unset SECRET_KEY # an empty one would override the one in .env
if [ -z "${SECRET_KEY:-}" ] && ! grep -Eqs '^(export )?SECRET_KEY=.' .env; then
    make_secret
fi

PORT=${PORT:-8000}
PATH=$(pwd)/.venv/bin:$PATH
export PORT PATH
unset FLASK_DEBUG
say "starting on port $PORT (Ctrl-C stops it)"

# The web line of the Procfile. It replaces this shell, so that signals reach it.
@WEB@
