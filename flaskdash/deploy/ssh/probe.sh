# What this server has, a line KEY=VALUE each. It only reads. $1: the project's name there.
say() { printf '%s=%s\n' "$1" "$2"; }

say system "$(uname -s)"
say processor "$(uname -m)"
say libc "$(getconf GNU_LIBC_VERSION 2>/dev/null || echo musl)"
say user "$(id -un)"
say uid "$(id -u)"
say home "$HOME"
[ -d /run/systemd/system ] && say systemd "$(systemctl --version | awk 'NR == 1 { print $2 }')"
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then say admin yes; fi
if [ -e "/var/lib/systemd/linger/$(id -un)" ]; then say lingers yes; fi

root=$HOME/flaskdash/$1
[ "$(id -u)" != 0 ] || root=/srv/flaskdash/$1
say root "$root"

PATH=$PATH:$HOME/.local/bin:$HOME/.cargo/bin:/usr/local/bin
say uv "$(command -v uv)"
for name in python3.15 python3.14 python3.13 python3.12 python3.11 python3 \
    "$root/current/.venv/bin/python"; do # that one where uv has brought it
    found=$(command -v "$name") || continue
    version=$("$found" -c 'import sys, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) &&
        say python "$version $found"
done

above=$root
while [ ! -d "$above" ]; do above=$(dirname "$above"); done
say free "$(df -Pk "$above" | awk 'NR == 2 { print $4 }')"
! grep -qs " $root/" "/etc/systemd/system/flaskdash-$1@.service" || say scope system
[ ! -e "$HOME/.config/systemd/user/flaskdash-$1@.service" ] || say scope user
[ ! -L "$root/current" ] || say live "$(basename "$(readlink "$root/current")")"
for each in "$root"/environments/*; do
    [ ! -e "$each/.complete" ] || [ ! -x "$each/bin/python" ] || say environment "${each##*/}"
done
for each in "$root"/wheels/*.whl; do
    [ ! -e "$each" ] || say wheel "$(wc -c <"$each" | tr -d ' ') ${each##*/}"
done
say end yes
