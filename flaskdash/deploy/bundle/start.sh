#!/bin/sh
# Start this dashboard in the foreground: ./start, or PORT=9000 ./start
#
# The first run makes .venv from wheels/, with no network, and a SECRET_KEY in .env; later runs
# only start. It runs on Linux and macOS, from any working directory.
#
# Environment: PORT (8000 if unset), PYTHON (the Python to use), and what .env may hold.
set -eu

wanted=@PYTHON@ # the Python and the machine that wheels/ is for
platform=@PLATFORM@
system=@SYSTEM@
processor=@PROCESSOR@

say() { printf 'start: %s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

# Print the version of a Python, such as 3.12; fail if it does not run.
version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

# Print the Python to use: $PYTHON, or the first of the usual names which is the right version.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        found=$(version_of "$PYTHON") || fail "PYTHON=$PYTHON does not run"
        [ "$found" = "$wanted" ] ||
            fail "PYTHON=$PYTHON is Python $found, and the wheels here are for $wanted"
        printf '%s\n' "$PYTHON"
        return
    fi
    for name in "python$wanted" python3 python; do
        if [ "$(version_of "$name")" = "$wanted" ]; then
            printf '%s\n' "$name"
            return
        fi
    done
    fail "Python $wanted is not on the PATH. Install it, or say where: PYTHON=/path/to/python$wanted"
}

# Print what .venv must have been made from. The folder is in it because a .venv can't be moved.
stamp() { printf '%s %s %s\n' "$wanted" "$(cksum <requirements.txt)" "$(pwd)"; }

make_environment() {
    { [ "$(uname -s)" = "$system" ] && [ "$(uname -m)" = "$processor" ]; } ||
        fail "the wheels are for $platform, and this is $(uname -s) on $(uname -m)"
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python can't make environments. On Debian and Ubuntu: apt install python$wanted-venv"
    say "making .venv with $python (once, with no network)"
    rm -rf .venv
    "$python" -m venv .venv || fail "$(pwd)/.venv can't be made"
    # --isolated: this machine's pip settings are for other installations. --no-compile: it takes a
    # quarter of the time, and Python compiles what is imported, when it is.
    .venv/bin/python -m pip --isolated install --quiet --disable-pip-version-check --no-compile \
        --no-index --find-links wheels --require-hashes --no-deps --requirement requirements.txt ||
        fail "the wheels can't be installed (they are for Python $wanted on $platform)"
    stamp >.venv/.complete # last of all, so that an interrupted run is done again
}

make_secret() {
    key=$(.venv/bin/python -c 'import secrets; print(secrets.token_hex())')
    (umask 077 && printf '\nSECRET_KEY=%s\n' "$key" >>.env)
    chmod 600 .env
    say "wrote a new SECRET_KEY to $(pwd)/.env; keep that file when you replace this folder"
}

CDPATH='' cd -- "$(dirname -- "$0")"

if [ ! -x .venv/bin/python ] || [ "$(cat .venv/.complete 2>/dev/null)" != "$(stamp)" ]; then
    make_environment
fi

[ -n "${SECRET_KEY:-}" ] || unset SECRET_KEY # an empty one would hide that of .env
if [ -z "${SECRET_KEY:-}" ] && ! grep -Eqs '^(export )?SECRET_KEY=.' .env; then
    make_secret
fi

PORT=${PORT:-8000}
PATH=$(pwd)/.venv/bin:$PATH
export PORT PATH
unset FLASK_DEBUG
say "starting on port $PORT (Ctrl-C stops it)"

# The Procfile's web line. It takes this shell's place, so that signals reach it.
@WEB@
