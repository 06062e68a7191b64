"""A server of the tests' own: Debian with systemd and sshd, in a container on the loopback.

It needs root on Debian. The root file system is made once and kept in the user's cache; each
machine writes to an overlay in memory, so that it starts clean, and nothing of it stays. All of it
lives in a PID and a mount namespace of its own, and ends with the process that started it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.waiting import need, wait_for
from tests.support.web import free_port

# What a small server has. libfaketime is for `shift_clock`, nginx for --domain; it isn't started.
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd"),
    *("openssh-server", "sudo", "python3-venv", "rsync", "procps", "nginx-light", "libfaketime"),
)

USER = "dash"
UID = 1000
SETUP = (
    f'chroot "$1" useradd --create-home --shell /bin/bash --uid {UID} {USER}',
    f"chroot \"$1\" usermod --password '*' {USER}",  # without one sshd takes it for locked
    'rm -f "$1"/etc/systemd/system/multi-user.target.wants/nginx.service',
)

HOST = "127.0.7.1"  # what listens on 127.0.0.1 alone does not answer there
MIB = 1 << 20

# Process 1 of the machine's outer namespace. The machine comes back by itself when it reboots or
# crashes; what was written is in the overlay.
HOLDER = """
umask 022
mount -t tmpfs -o mode=755,size="$SIZE" tmpfs "$SCRATCH"
mkdir "$SCRATCH/upper" "$SCRATCH/work" "$SCRATCH/root"
mount -t overlay overlay "$SCRATCH/root" \
    -o "lowerdir=$IMAGE,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work"
cp -r "$FILES/." "$SCRATCH/root/"
chown -R 1000:1000 "$SCRATCH/root/home/dash"
while :; do
    systemd-nspawn --quiet --directory="$SCRATCH/root" --machine="$NAME" --boot --register=no \
        --keep-unit --resolv-conf=off --console=pipe || sleep 0.1
done
"""


class Machine:
    """A server with an account that ssh reaches, and what can befall it."""

    user = USER
    host = HOST

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return what `flaskdash deploy` is told."""
        return f"ssh://{self.user}@{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which `ssh` knows this server and has its key."""
        return {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def ssh(self, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command over ssh, as the user does."""
        argv = [self.folder / "bin" / "ssh", "-p", str(self.port), f"{USER}@{HOST}", command]
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=120)

    def run(self, command: str, user: str = USER) -> str:
        """Run a shell command on the server, without ssh; return what it printed."""
        words = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
        if user != "root":
            words = ["runuser", "-u", user, "--", *words, f"XDG_RUNTIME_DIR=/run/user/{UID}"]
            words += [f"HOME=/home/{USER}", f"USER={USER}"]
        done = self._inside(*words, "sh", "-c", f"cd ~; {command}")
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def answers(self) -> bool:
        """Return whether sshd lets the user in."""
        return self.ssh("true").returncode == 0

    def reboot(self, *, gently: bool = True) -> None:
        """Restart it: as `reboot` does, or as if the power had gone; return when ssh answers."""
        leader = self._leader()
        if gently:
            self.run("systemctl reboot", user="root")
        else:
            os.kill(leader, 9)
        wait_for(lambda: not Path(f"/proc/{leader}").exists(), "the machine to go down", 60)
        self.wait()

    def wait(self) -> None:
        """Wait until ssh answers and the user's own services are started."""
        deadline = time.monotonic() + 60
        while not self.answers():
            if time.monotonic() > deadline:
                pytest.fail(f"the machine does not answer; {self._boot_log()}")
            time.sleep(0.05)

    def calls(self) -> int:
        """Return how often `ssh` was called."""
        file = self.folder / "calls"
        return len(file.read_bytes()) if file.exists() else 0

    def sessions(self) -> list[int]:
        """Return the processes of sshd that serve the user's connections."""
        found = self._inside("ps", "-C", "sshd", "-o", "pid=,args=").stdout
        return [int(pid) for pid in re.findall(rf"^\s*(\d+) sshd: {USER}\b", found, re.MULTILINE)]

    def cut(self) -> int:
        """Cut the user's connections; return how many processes that took."""
        pids = self.sessions()
        for pid in pids:
            self._inside("kill", "-KILL", str(pid))
        return len(pids)

    def kill_commands(self) -> None:
        """End what runs for the user's connections, which stay themselves."""
        listed = self.run("ps -e -o pid=,ppid=", user="root").splitlines()
        parents = {int(pid): int(parent) for pid, parent in map(str.split, listed)}
        sessions = set(self.sessions())
        mine = [
            pid for pid in parents if pid not in sessions and sessions & set(_above(pid, parents))
        ]
        if mine:
            self.run(f"kill -KILL {' '.join(map(str, mine))} || true", user="root")

    def fill_disk(self, leave: int = MIB) -> None:
        """Leave so many bytes free on its only disk."""
        self._resize(f"{self._used() + leave}")

    def free_disk(self) -> None:
        """Give it its room again."""
        self._resize("3g")

    def shift_clock(self, offset: str) -> None:
        """Let whatever comes over ssh from now on see another time, such as -3d; "" is the true one.

        A container has its host's clock; services that systemd starts go on with that one.
        """
        preload = f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketime.so.1"
        line = f"SetEnv LD_PRELOAD={preload} FAKETIME={offset} NO_FAKE_STAT=1\n"
        file = "/etc/ssh/sshd_config.d/clock.conf"
        text = shlex.quote(line if offset else "")
        self.run(f"printf %s {text} >{file} && systemctl reload ssh", user="root")
        wait_for(self.answers, "sshd to come back")

    def journal(self, lines: int = 100) -> str:
        """Return the last lines of its journal."""
        return self.run(f"journalctl --no-pager --lines {lines} --output short-iso", user="root")

    def processes(self) -> list[str]:
        """Return the commands of the user's processes, without systemd's own and ssh's."""
        found = self.run(f"ps -u {USER} -o args=", user="root").splitlines()
        own = ("/lib/systemd/systemd", "(sd-pam)", "/usr/bin/dbus-daemon", "sshd: ")
        return sorted(line for line in found if not line.startswith(own))

    def start(self) -> None:
        (self.folder / "scratch").mkdir()
        name = self.folder.name
        settings = {
            "IMAGE": str(image()),
            "SCRATCH": str(self.folder / "scratch"),
            "FILES": str(self.folder / "files"),
            "NAME": name,
            "SIZE": "3g",
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",  # in the old one a service stops after 90 s
        }
        # systemd-nspawn wants a control group that is no other machine's.
        enter = "".join(f"mkdir {path} && echo 0 >{path}/cgroup.procs; " for path in _groups(name))
        own = "exec unshare --mount --pid --fork --kill-child --mount-proc sh -euc"
        with (self.folder / "boot.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "sh", "-euc", f'{enter} {own} "$HOLDER"'],
                env=os.environ | settings | {"HOLDER": HOLDER},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us
            )
        self.wait()

    def stop(self) -> None:
        """End it with all that runs on it."""
        assert self.process is not None
        for child in _children(self.process.pid):  # the first process of its namespace
            with suppress(ProcessLookupError):
                os.kill(child, 9)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for group in _groups(self.folder.name):
            for path in sorted(group.rglob("*/"), reverse=True):
                path.rmdir()
            group.rmdir()

    def _inside(self, *argv: str) -> subprocess.CompletedProcess[str]:
        spaces = ("--mount", "--uts", "--ipc", "--pid", "--cgroup")
        enter = ["nsenter", "--target", str(self._leader()), *spaces, "--", *argv]
        return subprocess.run(enter, capture_output=True, text=True, timeout=120)

    def _leader(self) -> int:
        """Return the machine's process 1, as it is numbered here."""
        assert self.process is not None
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            level = [self.process.pid]
            while level:
                for pid in level:
                    if _name(pid) == "systemd":
                        return pid
                level = [child for pid in level for child in _children(pid)]
            time.sleep(0.02)
        return int(pytest.fail(f"the machine does not run; {self._boot_log()}"))

    def _used(self) -> int:
        found = self._outside("df", "--output=used", "--block-size=1", str(self.folder / "scratch"))
        return int(found.split()[-1])

    def _resize(self, size: str) -> None:
        self._outside("mount", "-o", f"remount,size={size}", str(self.folder / "scratch"))

    def _outside(self, *argv: str) -> str:
        """Run a command where the overlay is mounted."""
        assert self.process is not None
        holder = _children(self.process.pid)[0]
        enter = ["nsenter", "--target", str(holder), "--mount", "--", *argv]
        return subprocess.run(enter, check=True, capture_output=True, text=True).stdout

    def _boot_log(self) -> str:
        return (self.folder / "boot.log").read_text("utf-8", "replace")[-2000:]


@contextmanager
def booted(*, linger: bool = True, sudo: bool = False) -> Iterator[Machine]:
    """Lend a server with an empty account; `linger` lets its services run without a session."""
    need("mmdebstrap", "systemd-nspawn", "ssh", "ssh-keygen", "nsenter", "setpriv", "unshare")
    folder = Path(f"/tmp/flaskdash-machine-{secrets.token_hex(4)}")  # it is the host's name too
    folder.mkdir(mode=0o700)
    machine = Machine(folder, free_port())
    try:
        _client(machine)
        files = {
            "etc/ssh/sshd_config.d/test.conf": f"ListenAddress {HOST}:{machine.port}\nUseDNS no\n",
            f"home/{USER}/.ssh/authorized_keys": (folder / "key.pub").read_text("utf-8"),
        }
        if linger:
            files[f"var/lib/systemd/linger/{USER}"] = ""
        if sudo:
            files[f"etc/sudoers.d/{USER}"] = f"{USER} ALL=(ALL) NOPASSWD: ALL\n"
        for name, text in files.items():
            (folder / "files" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "files" / name).write_text(text, "utf-8")
        try:
            machine.start()
            yield machine
        finally:
            if machine.process is not None:
                machine.stop()
    finally:
        shutil.rmtree(folder)


def image() -> Path:
    """Return the root file system, made anew where it is to hold something else than the last."""
    if os.geteuid() != 0:
        pytest.skip("only root can start a machine")
    suite = _suite()
    wanted = hashlib.sha256(repr((suite, PACKAGES, SETUP)).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flaskdash-tests"
    cache.mkdir(parents=True, exist_ok=True)
    made = cache / f"machine-{wanted}"
    with FileLock(cache / "lock"):
        if not made.is_dir():
            part = cache / "part"
            shutil.rmtree(part, ignore_errors=True)
            hooks = [f"--customize-hook={line}" for line in SETUP]
            include = f"--include={','.join(PACKAGES)}"
            argv = ["mmdebstrap", "--quiet", "--variant=minbase", include, *hooks, suite, str(part)]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stdout + done.stderr
            part.rename(made)
    return made


def _suite() -> str:
    """Return the Debian that this machine runs, or the one that is stable."""
    release = Path("/etc/os-release").read_text("utf-8")
    found = re.search(r"^VERSION_CODENAME=(\w+)", release, re.MULTILINE)
    return found[1] if found and re.search(r"^ID=debian", release, re.MULTILINE) else "stable"


def _client(machine: Machine) -> None:
    """Make a key and an `ssh` that knows the server; the user's own ~/.ssh is not looked at."""
    folder = machine.folder
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")]
    subprocess.run(keygen, check=True)
    host_key = (image() / "etc/ssh/ssh_host_ed25519_key.pub").read_text("utf-8")
    (folder / "known_hosts").write_text(f"[{HOST}]:{machine.port} {host_key}", "utf-8")
    config = f"IdentityFile {folder}/key\nIdentitiesOnly yes\nBatchMode yes\nConnectTimeout 5\n"
    config += f"UserKnownHostsFile {folder}/known_hosts\nGlobalKnownHostsFile /dev/null\n"
    (folder / "config").write_text(config, "utf-8")
    real = shutil.which("ssh")
    (folder / "bin").mkdir()
    ssh = folder / "bin" / "ssh"
    lines = ["#!/bin/sh", f"echo >>{folder}/calls", f'exec {real} -F {folder}/config "$@"', ""]
    ssh.write_text("\n".join(lines), "utf-8")
    ssh.chmod(0o755)


def _groups(name: str) -> list[Path]:
    """Return the machine's control groups, in each hierarchy in which systemd keeps its own."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.procs").exists():
        return [root / name]
    return [root / part / name for part in ("systemd", "unified") if (root / part).is_dir()]


def _above(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    """Yield the processes that a process comes from."""
    while pid := parents.get(pid, 0):
        yield pid


def _children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(child) for child in found.split()]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
    except OSError:
        return ""
