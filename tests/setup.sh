#!/bin/sh
# Install the system packages that the tests need, where this is root on Debian; elsewhere they skip.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || missing="$missing chromium"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
command -v git >/dev/null 2>&1 || missing="$missing git"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Not installed, so some tests will skip:$missing" >&2
fi
