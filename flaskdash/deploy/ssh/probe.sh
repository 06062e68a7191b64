# Print the facts about this server, a line KEY=VALUE each, without changing anything.
# $1 is the project's name on the server, $2 the requested port or 0.
fact() { printf '%s=%s\n' "$1" "$2"; }

fact system "$(uname -s)"
fact processor "$(uname -m)"
fact libc "$(getconf GNU_LIBC_VERSION 2>/dev/null || echo musl)"
fact user "$(id -un)"
fact uid "$(id -u)"
fact home "$HOME"
[ -d /run/systemd/system ] && fact systemd "$(systemctl --version | awk 'NR == 1 { print $2 }')"
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then fact admin yes; fi
# polkit may let the account decide whether its services run on after it logs out.
if [ -e "/var/lib/systemd/linger/$(id -un)" ] ||
    pkcheck --action-id org.freedesktop.login1.set-self-linger --process $$ >/dev/null 2>&1; then
    fact lingers yes
fi

root=$HOME/flaskdash/$1
[ "$(id -u)" != 0 ] || root=/srv/flaskdash/$1
fact root "$root"

PATH=$PATH:$HOME/.local/bin:$HOME/.cargo/bin:/usr/local/bin
fact uv "$(command -v uv)"
# The live release's Python comes last, because uv may have installed it.
for name in python3.15 python3.14 python3.13 python3.12 python3.11 python3 \
    "$root/current/.venv/bin/python"; do
    python=$(command -v "$name") || continue
    version=$("$python" -c 'import sys, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) &&
        fact python "$version $python"
done

folder=$root
while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
fact free "$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')"
! grep -qs " $root/" "/etc/systemd/system/flaskdash-$1@.service" || fact scope system
[ ! -e "$HOME/.config/systemd/user/flaskdash-$1@.service" ] || fact scope user
units="/etc/systemd/system $HOME/.config/systemd/user"
listening=$(awk -v port="$(printf ':%04X' "$2")" '$4 == "0A" && substr($2, length($2) - 4) == port' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null)
if [ -n "$listening" ]; then
    # The project's own socket may hold it.
    for folder in $units; do grep -Eqs "^ListenStream=(.*:)?$2\$" "$folder/flaskdash-$1.socket" && own=yes; done
    [ -n "$own" ] || fact taken yes
fi
[ ! -L "$root/current" ] || fact live "$(basename "$(readlink "$root/current")")"
for environment in "$root"/environments/*; do
    [ ! -e "$environment/.complete" ] || [ ! -x "$environment/bin/python" ] ||
        fact environment "${environment##*/}"
done
for wheel in "$root"/wheels/*.whl; do
    [ ! -e "$wheel" ] || fact wheel "$(wc -c <"$wheel" | tr -d ' ') ${wheel##*/}"
done
# Without this line, a login script or the shell has cut the probe short.
fact end yes
