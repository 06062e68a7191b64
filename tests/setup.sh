#!/bin/sh
# Install the system packages that the tests need, where this is root on Debian; elsewhere they skip.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || missing="$missing chromium"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
command -v git >/dev/null 2>&1 || missing="$missing git"
command -v ssh >/dev/null 2>&1 || missing="$missing openssh-client"
command -v mmdebstrap >/dev/null 2>&1 || missing="$missing mmdebstrap"
command -v systemd-nspawn >/dev/null 2>&1 || missing="$missing systemd-container"
{ command -v node && command -v npm; } >/dev/null 2>&1 || missing="$missing nodejs npm"
command -v mariadbd >/dev/null 2>&1 || missing="$missing mariadb-server-core mariadb-client-core"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
{ command -v podman && command -v runc && command -v docker-registry; } >/dev/null 2>&1 || missing="$missing podman netavark runc docker-registry"
[ "${1:-}" != java ] || command -v java >/dev/null 2>&1 || missing="$missing default-jre-headless"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
    apt-get update -qq
    # The tests start servers of their own: no cluster is made, and no service is started.
    mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/none.conf
    # shellcheck disable=SC2086
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Not installed, so some tests will skip:$missing" >&2
fi
