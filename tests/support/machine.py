"""A server for the tests: Debian with systemd and sshd, in a container on the loopback interface.

It needs root on Debian. The root file system is made once and stays in the user's cache. Each
server writes to an overlay in memory, so that it starts clean and leaves nothing behind. It runs in
a PID and a mount namespace of its own, and ends with the process that started it.
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

# The packages of a small server. `shift_clock` needs libfaketime, and --domain needs nginx, which
# does not start by itself.
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd"),
    *("openssh-server", "sudo", "python3-venv", "rsync", "procps", "nginx-light", "libfaketime"),
)

USER = "dash"
UID = 1000
SETUP = (
    f'chroot "$1" useradd --create-home --shell /bin/bash --uid {UID} {USER}',
    f"chroot \"$1\" usermod --password '*' {USER}",  # without a password, sshd takes it for locked
    'rm -f "$1"/etc/systemd/system/multi-user.target.wants/nginx.service',
)

HOST = "127.0.7.1"  # a program that listens only on 127.0.0.1 does not answer here
MIB = 1 << 20

# Process 1 of the server's outer namespace. It starts the server again after a reboot or a crash;
# the files that the server wrote are in the overlay.
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


class VirtualServer:
    """A server with an account that ssh reaches, and the faults that tests put it through."""

    user = USER
    host = HOST

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return the address for `flaskdash deploy`."""
        return f"ssh://{self.user}@{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which `ssh` knows this server and has its key."""
        return {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def ssh(self, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command over ssh as the user."""
        argv = [self.folder / "bin" / "ssh", "-p", str(self.port), f"{USER}@{HOST}", command]
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=120)

    def run(self, command: str, user: str = USER) -> str:
        """Run a shell command on the server, without ssh, and return its output."""
        words = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
        if user != "root":
            words = ["runuser", "-u", user, "--", *words, f"XDG_RUNTIME_DIR=/run/user/{UID}"]
            words += [f"HOME=/home/{USER}", f"USER={USER}"]
        process = self._inside(*words, "sh", "-c", f"cd ~; {command}")
        assert process.returncode == 0, f"{command}: {process.stdout}{process.stderr}"
        return process.stdout

    def answers(self) -> bool:
        """Return whether sshd lets the user in."""
        return self.ssh("true").returncode == 0

    def reboot(self, *, gently: bool = True) -> None:
        """Restart the server, gently or as after a power failure, and wait until ssh answers."""
        leader = self._leader()
        if gently:
            self.run("systemctl reboot", user="root")
        else:
            os.kill(leader, 9)
        wait_for(lambda: not Path(f"/proc/{leader}").exists(), "the server to go down", 60)
        self.wait()

    def wait(self) -> None:
        """Wait until ssh answers, and with it the user's own services have started."""
        deadline = time.monotonic() + 60
        while not self.answers():
            if time.monotonic() > deadline:
                pytest.fail(f"the server does not answer; {self._boot_log()}")
            time.sleep(0.05)

    def calls(self) -> int:
        """Return the number of times that `ssh` was called."""
        file = self.folder / "calls"
        return len(file.read_bytes()) if file.exists() else 0

    def sessions(self) -> list[int]:
        """Return the processes of sshd that serve the user's connections."""
        output = self._inside("ps", "-C", "sshd", "-o", "pid=,args=").stdout
        return [int(pid) for pid in re.findall(rf"^\s*(\d+) sshd: {USER}\b", output, re.MULTILINE)]

    def cut(self) -> int:
        """Cut the user's connections, and return the number of processes that ended."""
        pids = self.sessions()
        for pid in pids:
            self._inside("kill", "-KILL", str(pid))
        return len(pids)

    def kill_commands(self) -> None:
        """Kill the programs that the user's connections started, but not the connections."""
        lines = self.run("ps -e -o pid=,ppid=", user="root").splitlines()
        parents = {int(pid): int(parent) for pid, parent in map(str.split, lines)}
        sessions = set(self.sessions())
        commands = [
            pid
            for pid in parents
            if pid not in sessions and sessions & set(_ancestors(pid, parents))
        ]
        if commands:
            self.run(f"kill -KILL {' '.join(map(str, commands))} || true", user="root")

    def fill_disk(self, free: int = MIB) -> None:
        """Leave only some bytes free on the server's disk."""
        for attempts in range(9, -1, -1):
            try:
                return self._resize(f"{self._used() + free}")
            except subprocess.CalledProcessError:  # a program has written in the meantime
                if not attempts:
                    raise

    def free_disk(self) -> None:
        """Give the disk its full size again."""
        self._resize("3g")

    def shift_clock(self, offset: str) -> None:
        """Shift the time that programs over ssh see, such as by -3d; "" is the true time.

        A container has its host's clock, and the services that systemd starts still see that one.
        """
        preload = f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketime.so.1"
        line = f"SetEnv LD_PRELOAD={preload} FAKETIME={offset} NO_FAKE_STAT=1\n"
        file = "/etc/ssh/sshd_config.d/clock.conf"
        text = shlex.quote(line if offset else "")
        self.run(f"printf %s {text} >{file} && systemctl reload ssh", user="root")
        wait_for(self.answers, "sshd to come back")

    def journal(self, lines: int = 100) -> str:
        """Return the last lines of the server's journal."""
        return self.run(f"journalctl --no-pager --lines {lines} --output short-iso", user="root")

    def processes(self) -> list[str]:
        """Return the command lines of the user's processes, without those of systemd and ssh."""
        lines = self.run(f"ps -u {USER} -o args=", user="root").splitlines()
        system = ("/lib/systemd/systemd", "(sd-pam)", "/usr/bin/dbus-daemon", "sshd: ")
        return sorted(line for line in lines if not line.startswith(system))

    def start(self) -> None:
        (self.folder / "scratch").mkdir()
        name = self.folder.name
        settings = {
            "IMAGE": str(image()),
            "SCRATCH": str(self.folder / "scratch"),
            "FILES": str(self.folder / "files"),
            "NAME": name,
            "SIZE": "3g",
            # In the old hierarchy of control groups, a service takes 90 s to stop.
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
        }
        # systemd-nspawn needs a control group that no other server uses.
        enter = "".join(f"mkdir {path} && echo 0 >{path}/cgroup.procs; " for path in _groups(name))
        unshare = "exec unshare --mount --pid --fork --kill-child --mount-proc sh -euc"
        with (self.folder / "boot.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "sh", "-euc", f'{enter} {unshare} "$HOLDER"'],
                env=os.environ | settings | {"HOLDER": HOLDER},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C must only reach the tests
            )
        self.wait()

    def stop(self) -> None:
        """End the server and all its processes."""
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
        """Return the PID of the server's process 1 on this machine."""
        assert self.process is not None
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            pids = [self.process.pid]
            while pids:
                for pid in pids:
                    if _name(pid) == "systemd":
                        return pid
                pids = [child for pid in pids for child in _children(pid)]
            time.sleep(0.02)
        return int(pytest.fail(f"the server does not run; {self._boot_log()}"))

    def _used(self) -> int:
        disk = str(self.folder / "scratch")
        return int(self._outside("df", "--output=used", "--block-size=1", disk).split()[-1])

    def _resize(self, size: str) -> None:
        self._outside("mount", "-o", f"remount,size={size}", str(self.folder / "scratch"))

    def _outside(self, *argv: str) -> str:
        """Run a command in the namespace that has the overlay mounted."""
        assert self.process is not None
        holder = _children(self.process.pid)[0]
        enter = ["nsenter", "--target", str(holder), "--mount", "--", *argv]
        return subprocess.run(enter, check=True, capture_output=True, text=True).stdout

    def _boot_log(self) -> str:
        return (self.folder / "boot.log").read_text("utf-8", "replace")[-2000:]


@contextmanager
def booted(*, linger: bool = True, sudo: bool = False) -> Iterator[VirtualServer]:
    """Run a server with an empty account; `linger` lets its services run without a session."""
    need("mmdebstrap", "systemd-nspawn", "ssh", "ssh-keygen", "nsenter", "setpriv", "unshare")
    folder = Path(
        f"/tmp/flaskdash-machine-{secrets.token_hex(4)}"
    )  # its name is also the host name
    folder.mkdir(mode=0o700)
    machine = VirtualServer(folder, free_port())
    try:
        _make_client(machine)
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
    """Return the root file system; make it again if its packages or set-up have changed."""
    if os.geteuid() != 0:
        pytest.skip("only root can start a virtual server")
    suite = _suite()
    digest = hashlib.sha256(repr((suite, PACKAGES, SETUP)).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flaskdash-tests"
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / f"machine-{digest}"
    with FileLock(cache / "lock"):
        if not root.is_dir():
            draft = cache / "part"
            shutil.rmtree(draft, ignore_errors=True)
            hooks = [f"--customize-hook={line}" for line in SETUP]
            include = f"--include={','.join(PACKAGES)}"
            argv = [
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                include,
                *hooks,
                suite,
                str(draft),
            ]
            process = subprocess.run(argv, capture_output=True, text=True, timeout=600)
            assert process.returncode == 0, process.stdout + process.stderr
            draft.rename(root)
    return root


def _suite() -> str:
    """Return the code name of the Debian that this machine runs, or "stable"."""
    release = Path("/etc/os-release").read_text("utf-8")
    match = re.search(r"^VERSION_CODENAME=(\w+)", release, re.MULTILINE)
    return match[1] if match and re.search(r"^ID=debian", release, re.MULTILINE) else "stable"


def _make_client(machine: VirtualServer) -> None:
    """Make a key and an `ssh` program that knows the server and ignores the user's ~/.ssh."""
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
    """Return the server's control groups, one in each hierarchy that systemd uses."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.procs").exists():
        return [root / name]
    return [root / part / name for part in ("systemd", "unified") if (root / part).is_dir()]


def _ancestors(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    """Yield the PIDs of a process's parent, grandparent and so on."""
    while pid := parents.get(pid, 0):
        yield pid


def _children(pid: int) -> list[int]:
    try:
        pids = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(child) for child in pids.split()]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
    except OSError:
        return ""
