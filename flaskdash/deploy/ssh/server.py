"""The server's side of a deploy: one file, run by a Python of the server, with its standard library alone.

It comes over ssh on standard input, followed by a line of JSON that says what to do, and by the
files. It prints a line of JSON for each thing that it says; the last one is `done` or `failed`.

    releases/NAME/      app/ (the project), run (how it starts), .venv, instance/ (its snapshots)
    current             -> the release that is live
    environments/KEY/   packages; releases with the same ones share them
    wheels/             what those were installed from
    shared/             .env, and instance/ for what the project itself keeps

Nothing that is live is changed. A new release is made beside the others, and tried on a socket of
its own. Only then it starts on the port, where the old one goes on until the new one has answered.
`current` is moved by one rename. So, wherever this is cut off, `current` and all that it needs
are whole, and `settle` clears up the rest the next time.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEPT = 5  # releases
FIRST_PORT = 8000
LOCK_SECONDS = 30.0
UP_SECONDS = 30.0  # until /up answers
READY_SECONDS = 600.0  # until each dashboard does, while the data is being read
CALM_SECONDS = 10.0  # that a dashboard may show a failed chart, while newer data is being read
STOP_SECONDS = 5.0  # that we wait for the old release to finish what is under way
LINKS = re.compile(r"""href=["'](/(?:dashboards|charts)/[^"'?#.]+)""")
LOG_LINES = 15


class Failed(Exception):
    """What went wrong, for a person; `kind` tells what is live now."""

    def __init__(self, message: str, hint: str = "", kind: str = "", log: str = "") -> None:
        super().__init__(message)
        self.hint, self.kind, self.log = hint, kind, log


def tell(**message: Any) -> None:
    """Print a message; where nobody listens any more, go on all the same."""
    with suppress(OSError):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def say(line: str) -> None:
    """Tell what is being done."""
    tell(say=line)


def run(argv: Sequence[str], seconds: float = 300, stdin: str = "") -> str:
    """Run a program and return what it printed; raise Failed where it fails or takes too long."""
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, timeout=seconds, text=True, errors="replace"
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(argv[:4])} did not end within {seconds:.0f} s") from None
    if done.returncode:
        raise Failed(f"{' '.join(argv[:4])} failed", log=f"{done.stdout}{done.stderr}".strip())
    return done.stdout


class Systemd:
    """The server's systemd: the user's own, or the system's where we may."""

    def __init__(self, scope: str, unit: str) -> None:
        self.unit = unit
        self.is_user = scope == "user"
        self.sudo = [] if self.is_user or os.geteuid() == 0 else ["sudo", "-n"]
        if self.is_user:
            os.environ.setdefault("XDG_RUNTIME_DIR", f"/run/user/{os.geteuid()}")
            self.folder = Path.home() / ".config/systemd/user"
            self.runtime = os.environ["XDG_RUNTIME_DIR"]
        else:
            self.folder, self.runtime = Path("/etc/systemd/system"), "/run"

    @property
    def command(self) -> list[str]:
        """Return systemctl, as it is to be called."""
        return [*self.sudo, "systemctl", *(["--user"] if self.is_user else [])]

    def __call__(self, *args: str, must: bool = True) -> str:
        """Run systemctl; a failure raises, if it must not be."""
        try:
            return run([*self.command, *args], 120)
        except Failed:
            if must:
                raise
            return ""

    def state(self, unit: str) -> str:
        """Return how a unit stands: active, activating, failed, inactive..."""
        return self("show", "--value", "--property=ActiveState", unit, must=False).strip()

    def live(self, release: str) -> str:
        """Return the unit of a release."""
        return f"{self.unit}@{release}.service"

    def running(self) -> list[str]:
        """Return the releases that run, or are to run again in a moment."""
        listed = self("list-units", "--plain", "--no-legend", f"{self.unit}@*.service")
        names = (line.split()[0] for line in listed.splitlines() if line.split())
        return [name.partition("@")[2].removesuffix(".service") for name in names]

    def linger(self) -> None:
        """Have the user's services run while nobody is logged in."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        if not self.is_user or Path(f"/var/lib/systemd/linger/{user}").exists():
            return
        try:
            run(["loginctl", "enable-linger"], 30)
        except (Failed, OSError):
            raise Failed(
                f"services of {user} would end when nobody is logged in, and {user} may not change that",
                hint=f"once, as an administrator of the server: sudo loginctl enable-linger {user}",
                kind="preflight",
            ) from None
        deadline = time.monotonic() + 10
        while not Path(self.runtime, "systemd/private").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def allows(self, options: Sequence[str]) -> bool:
        """Return whether a service may have these options here."""
        scope = ["--user"] if self.is_user else []
        properties = [word for one in options for word in ("--property", one)]
        probe = ["systemd-run", *scope, "--quiet", "--wait", "--collect", *properties, "/bin/true"]
        try:
            run([*self.sudo, *probe], 20)
        except Failed:
            return False
        return True

    def allowed(self, text: str, name: str, writable: str) -> str:
        """Return a unit's file without the options that a service may not have here.

        What namespaces a user's own services may have differs from server to server.
        """
        find = re.compile(r"^(?!ReadWritePaths)\w+=.*$", re.MULTILINE)
        mark = (
            f"# {hashlib.sha256(text.encode()).hexdigest()[:12]}: what this server allows of it\n"
        )
        with suppress(OSError):
            known = (self.folder / name).read_text()
            if known.startswith(mark) and self.allows(find.findall(known)):
                return known
        options = find.findall(text)
        kept = options if self.allows(options) else []
        for option in options if not kept else ():
            if self.allows([*kept, option]):
                kept.append(option)
        if "ProtectSystem=strict" in kept:
            kept = [*kept, f"ReadWritePaths={writable}"]
        return "\n".join([f"{mark}[Service]", *kept]) + "\n"

    def write(self, name: str, text: str | None) -> bool:
        """Make a unit's file hold a text, or not be there; return whether that changed it."""
        path = self.folder / name
        before = path.read_text() if path.is_file() else None
        if before == text:
            return False
        if self.sudo:
            if text is None:
                run([*self.sudo, "rm", "-f", str(path)])
            else:
                install(self.sudo, path, text)
        elif text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, text)
        return True


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file by one rename, and see to it that it is on the disk."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def install(sudo: Sequence[str], path: Path, text: str) -> None:
    """Write a file of the administrator's, which all may read, by one rename."""
    run([*sudo, "install", "-D", "-m", "644", "/dev/stdin", f"{path}.new"], stdin=text)
    run([*sudo, "mv", f"{path}.new", str(path)])


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket that is a file."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """A project on this server."""

    def __init__(self, asked: dict[str, Any], stdin: BinaryIO) -> None:
        self.asked, self.stdin = asked, stdin
        self.root = Path(asked["root"])
        self.unit = f"flaskdash-{asked['project']}"
        self.systemd = Systemd(asked["scope"], self.unit)
        self.releases = self.root / "releases"
        self.shared = self.root / "shared"
        self.current = self.root / "current"
        self.incoming = self.root / "incoming"
        self.trial_socket = f"{self.systemd.runtime}/{self.unit}_trial.sock"

    # --- what there is ---

    @property
    def live(self) -> str:
        """Return the name of the release that `current` points to, or nothing."""
        with suppress(OSError):
            name = self.current.readlink().name
            if (self.releases / name).is_dir():
                return name
        return ""

    def known(self) -> list[dict[str, Any]]:
        """Return the releases, the newest first: by their number, because clocks go wrong."""
        found = []
        for folder in self.releases.glob("*"):
            with suppress(OSError, ValueError):
                found.append(
                    json.loads((folder / "release.json").read_text()) | {"name": folder.name}
                )
        return sorted(found, key=lambda one: int(one["number"]), reverse=True)

    @property
    def port(self) -> int:
        """Return the port that the units have, or 0."""
        with suppress(OSError):
            text = (self.systemd.folder / f"{self.unit}.socket").read_text()
            found = re.search(r"^ListenStream=(?:.*:)?(\d+)$", text, re.MULTILINE)
            return int(found[1]) if found else 0
        return 0

    def owner(self) -> str:
        """Return the user that releases run as: not root."""
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid()).pw_name
        user = self.unit
        if len(user) > 31:  # what useradd takes
            user = f"{user[:22]}-{hashlib.sha256(user.encode()).hexdigest()[:8]}"
        try:
            pwd.getpwnam(user)
        except KeyError:
            home = ["--no-create-home", "--home-dir", str(self.root)]
            run(["useradd", "--system", *home, "--shell", "/usr/sbin/nologin", user])
        return user

    def own(self, path: Path) -> None:
        """Give a file or folder to the user that releases run as."""
        if os.geteuid() == 0:
            shutil.chown(path, self.owner(), self.owner())

    # --- one at a time ---

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other deploys off. The lock is the kernel's: it ends with this process, however that ends."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a") as lock:
            deadline = time.monotonic() + LOCK_SECONDS
            waited = False
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise Failed(
                            "another deploy is at work on the server; nothing was changed",
                            hint="flaskdash deploy, when that one has ended",
                            kind="preflight",
                        ) from None
                if not waited:
                    say("wait      for another deploy that is at work on the server")
                    waited = True
                time.sleep(0.2)
            os.set_inheritable(lock.fileno(), False)
            yield

    def settle(self) -> None:
        """Clear up what a deploy that was cut off has left, and have the current release run."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        for folder in (self.releases, self.root / "environments"):
            mark = "release.json" if folder == self.releases else ".complete"
            for one in folder.glob("*"):
                if not (one / mark).exists():
                    shutil.rmtree(one, ignore_errors=True)
        if not (self.systemd.folder / f"{self.unit}@.service").exists():
            return
        self.end_trial()
        live = self.live
        if live and self.systemd.state(self.systemd.live(live)) not in ("active", "activating"):
            self.systemd("reset-failed", self.systemd.live(live), must=False)
            self.systemd("start", self.systemd.live(live), must=False)
        for name in self.systemd.running():
            if name != live:
                self.systemd("stop", "--no-block", self.systemd.live(name), must=False)

    # --- a new release ---

    def deploy(self) -> dict[str, Any]:
        """Make a release of what comes in, and let it go live."""
        with self.alone():
            self.systemd.linger()
            self.settle()
            name = self.name()
            try:
                self.receive(name)
                self.environment()
                self.furnish(name)
                self.units()
                self.publish(name)
            except BaseException as error:
                shutil.rmtree(self.incoming, ignore_errors=True)
                if isinstance(error, OSError):
                    raise Failed(f"{error.strerror or error}, on the server") from error
                raise
            try:
                self.go_live(name)
            except BaseException:
                if self.live != name:
                    self.remove(name)
                raise
            self.prune()
            if self.asked["domain"]:
                Front(self).set_up()
            return self.standing()

    def name(self) -> str:
        """Return the name of the new release: the one that was asked for, made to be new."""
        taken = {one.name for one in self.releases.glob("*")}
        name, n = self.asked["release"], 1
        while name in taken:
            n += 1
            name = f"{self.asked['release']}-{n}"
        return str(name)

    def receive(self, name: str) -> None:
        """Unpack the files that come in; whole, or not at all."""
        folder = self.incoming / name
        folder.mkdir(parents=True)
        if self.asked["files"]:
            say(f"receive   {len(self.asked['files'])} files")
        for one in self.asked["files"]:
            digest, left = hashlib.sha256(), one["size"]
            with (self.incoming / one["name"]).open("wb") as file:
                while left and (chunk := self.stdin.read(min(left, 1 << 20))):
                    file.write(chunk)
                    digest.update(chunk)
                    left -= len(chunk)
            if left or digest.hexdigest() != one["sha256"]:
                raise Failed("the connection ended before all was sent")
        wheels = self.root / "wheels"
        wheels.mkdir(exist_ok=True)
        for wheel in self.incoming.glob("*.whl"):
            wheel.replace(wheels / wheel.name)
        with tarfile.open(self.incoming / "app.tar.gz") as tar:
            if hasattr(tarfile, "data_filter"):  # a Python of before June 2023 has none
                tar.extraction_filter = tarfile.data_filter
            tar.extractall(folder)  # noqa: S202

    def environment(self) -> None:
        """Install the packages, with no network, unless an environment with the same ones is there."""
        folder = self.root / "environments" / self.asked["environment"]
        if (folder / ".complete").exists():
            return
        say(f"install   {self.asked['packages']} packages, with no network")
        shutil.rmtree(folder, ignore_errors=True)
        wheels, listed = self.root / "wheels", self.incoming / "requirements.txt"
        listed.write_text(self.asked["requirements"])
        what = ["--no-index", "--no-deps", "--require-hashes", "--find-links", str(wheels)]
        python = str(folder / "bin/python")
        try:
            if uv := self.asked["uv"]:
                quiet = ["--quiet", "--offline", "--no-config", "--no-cache"]
                run([uv, "venv", *quiet, "--python", sys.executable, str(folder)])
                run([uv, "pip", "install", *quiet, "--python", python, "--compile-bytecode", *what,
                     "--requirement", str(listed)])  # fmt: skip
            else:
                run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
                pip = [python, str(self.incoming / "pip.zip" / "pip"), "--isolated", "install"]
                run(
                    [
                        *pip,
                        "--quiet",
                        "--disable-pip-version-check",
                        *what,
                        "--requirement",
                        str(listed),
                    ]
                )
        except Failed as error:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(wheels, ignore_errors=True)  # one may be damaged: they are sent again
            raise Failed("the packages can't be installed on the server", log=error.log) from error
        os.sync()
        (folder / ".complete").write_text("".join(f"{name}\n" for name in self.asked["wheels"]))

    def furnish(self, name: str) -> None:
        """Give the new release what it has besides its files."""
        folder = self.incoming / name
        instance = self.shared / "instance"
        for one in (self.shared, instance, folder / "instance"):
            one.mkdir(exist_ok=True)
        self.own(instance)
        self.own(folder / "instance")
        self.secret_key()
        (folder / ".venv").symlink_to(f"../../environments/{self.asked['environment']}")
        (folder / "app/.release").write_text(f"{name}\n")
        for link, to in ((".env", "shared/.env"), ("instance", "shared/instance")):
            (folder / "app" / link).symlink_to(f"../../../{to}")
        # A snapshot is never written over, so that both releases can have the same one. The new
        # release builds its own where its loader is another, and the old one does not see it.
        for one in (self.releases / self.live / "instance").glob("*") if self.live else ():
            if one.suffix in (".json", ".parquet"):
                with suppress(OSError):  # it was just replaced
                    os.link(one, folder / "instance" / one.name)
        python = str(self.root / "environments" / self.asked["environment"] / "bin/python")
        run([python, "-m", "compileall", "-q", str(folder / "app/app")])

    def secret_key(self) -> None:
        """See to it that there is an .env with a SECRET_KEY; it is made once."""
        env = self.shared / ".env"
        text = env.read_text() if env.exists() else ""
        if not re.search(r"^(export )?SECRET_KEY=.", text, re.MULTILINE):
            say(f"create    {env} with a new SECRET_KEY")
            replace(env, f"{text}SECRET_KEY={secrets.token_hex()}\n", 0o600)
            self.own(env)

    def units(self) -> None:
        """Write the units but for the socket, which changes with the port alone."""
        has_port = self.asked["port"] or self.port
        self.asked["port"] = has_port or next(
            port for port in range(FIRST_PORT, 65536) if is_free(port)
        )
        theirs = self.systemd.folder / f"{self.unit}@.service"
        if theirs.exists() and f" {self.root}/" not in theirs.read_text():
            raise Failed(
                f"another account of this server has a project of this name ({theirs})",
                hint="another name there: ssh://USER@HOST/NAME",
                kind="preflight",
            )
        name = f"{self.unit}@.service.d/sandbox.conf"
        root = str(self.root).replace("%", "%%")
        writable = f"{root}/releases/%i/instance {root}/shared/instance"
        sandbox = self.systemd.allowed(self.filled("sandbox.conf"), name, writable)
        refresh = bool(self.asked["refresh"])
        texts = {
            f"{self.unit}.service": self.filled("app.service"),
            f"{self.unit}@.service": self.filled("live.service"),
            name: sandbox,
            f"{self.unit}_trial@.service": self.filled("trial.service"),
            f"{self.unit}_trial@.service.d/sandbox.conf": sandbox,
            f"{self.unit}_trial@.socket": self.filled("trial.socket"),
            f"{self.unit}_refresh.service": self.filled("refresh.service") if refresh else None,
            f"{self.unit}_refresh.timer": self.filled("refresh.timer") if refresh else None,
        }
        if not refresh:
            self.systemd("disable", "--now", f"{self.unit}_refresh.timer", must=False)
        changed = [self.systemd.write(name, text) for name, text in texts.items()]
        if any(changed):
            self.systemd("daemon-reload")

    def filled(self, template: str) -> str:
        """Return a unit's text."""
        system = os.geteuid() == 0 or not self.systemd.is_user
        values = {
            "LISTEN": f"127.0.0.1:{self.asked['port']}"
            if self.asked["domain"]
            else self.asked["port"],
            "PORT": self.asked["port"],
            "REFRESH": self.asked["refresh"],
            "ROOT": str(self.root).replace("%", "%%"),
            "RUNTIME": self.systemd.runtime,
            "SYSTEMCTL": "systemctl --user" if self.systemd.is_user else "systemctl",
            "TITLE": self.asked["title"].replace("%", "%%").replace("\n", " "),
            "UNIT": self.unit,
            "USER": f"User={self.owner()}" if system else "",
            "WANTED_BY": "default.target" if self.systemd.is_user else "multi-user.target",
        }
        text = self.asked["units"][template].replace(
            "@SERVICE@", self.asked["units"]["service.conf"]
        )
        if template == "trial.socket" and system:
            text = text.replace(
                "SocketMode", f"SocketUser={pwd.getpwuid(os.geteuid()).pw_name}\nSocketMode"
            )
        return re.sub(r"@([A-Z_]+)@", lambda found: str(values[found[1]]), text)

    def publish(self, name: str) -> None:
        """Put the release among the others, by one rename; its number comes after theirs."""
        known = self.known()
        facts = {
            "number": 1 + max((int(one["number"]) for one in known), default=0),
            "before": self.live,
            "when": self.asked["when"],
            "environment": self.asked["environment"],
        }
        (self.incoming / name / "release.json").write_text(json.dumps(facts))
        self.releases.mkdir(exist_ok=True)
        os.sync()
        (self.incoming / name).replace(self.releases / name)
        shutil.rmtree(self.incoming, ignore_errors=True)

    # --- from one release to another ---

    def go_live(self, name: str) -> None:
        """Try a release, start it beside the live one, and end that when the new one has answered."""
        old = self.live
        self.trial(name)
        was = self.listen()
        try:
            say(f"start     {name}")
            if not old:
                self.point(name)  # nothing is live that could be lost
            self.systemd("start", self.systemd.live(name))
            self.wait_for(name, only=not old)
            self.point(name)
            if old and old != name:
                say(f"stop      {old}, when it has finished what is under way")
                self.systemd("stop", "--no-block", self.systemd.live(old))
                self.wait_for(name, only=True)
        except BaseException as error:
            self.back(name, old, was, error)
        self.boots()

    def back(self, name: str, old: str, was: str | None, error: BaseException) -> NoReturn:
        """Let the old release be live as before, and raise what the new one has failed with."""
        log = self.log(self.systemd.live(name))
        if not isinstance(error, Failed):
            error = Failed(f"{type(error).__name__}: {error}")
        kind = ""
        try:
            if was is not None:
                self.listen(was)
            if not old:
                self.current.unlink(missing_ok=True)
            elif self.live != old:
                self.point(old)
            if old:
                self.systemd("start", self.systemd.live(old))
            self.systemd("stop", self.systemd.live(name), must=False)
            if old:
                self.wait_for(old, only=True)
        except (Failed, OSError):
            kind = "not-rolled-back"
        raise Failed(str(error), error.hint, error.kind or kind, error.log or log) from error

    def trial(self, name: str) -> None:
        """Start a release on a socket of its own, as it will run, and ask for each of its dashboards."""
        say(f"try       {name} on a socket of its own")
        unit, log = f"{self.unit}_trial@{name}", self.root / "trial.log"
        log.unlink(missing_ok=True)
        log.touch()  # the system's systemd would make it so that only root can read it
        try:
            self.systemd("start", f"{unit}.socket")
            try:
                self.systemd("start", f"{unit}.service")
            except Failed:
                raise Failed(f"{name} does not start") from None
            self.try_up(name, f"{unit}.service")
            self.try_dashboards(f"{unit}.service")
        except Failed as error:
            with suppress(OSError):
                error.log = (
                    error.log or (self.root / "trial.log").read_text(errors="replace").strip()
                )
            raise
        finally:
            self.end_trial()

    def try_up(self, name: str, unit: str) -> None:
        """Wait until the release on trial says that it is up, and which it is."""
        deadline = time.monotonic() + UP_SECONDS
        status, body = 0, ""
        while time.monotonic() < deadline:
            if self.systemd.state(unit) not in ("active", "activating"):
                raise Failed(f"{name} does not start")
            status, body, _ = self.ask_trial("/up", 5)
            if status == 200 and body.split() == ["up", name]:
                return
            if status == 200:
                raise Failed(
                    f"/up answers {body.strip()[:60]!r}, and not 'up {name}'",
                    hint="have it say the text of .release, as a project made by `flaskdash new` does",
                )
            time.sleep(0.1)
        raise Failed(f"{name} does not answer: {describe(status)} at /up within {UP_SECONDS:.0f} s")

    def try_dashboards(self, unit: str) -> None:
        """Ask for the first dashboard and for all that it links to."""
        todo, seen, began = ["/"], {"/"}, time.monotonic()
        while todo:
            path = todo.pop(0)
            while True:
                status, body, kept = self.ask_trial(path, 60)
                since = time.monotonic() - began
                if status < 500 and status not in (0, 404) and (kept or since > CALM_SECONDS):
                    break
                if status not in (200, 503) or since > READY_SECONDS:
                    raise Failed(f"{path} does not answer: {describe(status)}")
                if self.systemd.state(unit) != "active":
                    raise Failed(f"the release ended while {path} was asked for")
                time.sleep(0.5)
            if not kept:
                say(f"note      a chart on {path} fails; the log says why: flaskdash logs")
            new = [link for link in LINKS.findall(body) if link not in seen]
            todo += new
            seen.update(new)

    def ask_trial(self, path: str, seconds: float) -> tuple[int, str, bool]:
        """Return the status and the body of a page of the release on trial, and whether it may be kept."""
        connection = UnixConnection(self.trial_socket, seconds)
        try:
            connection.request("GET", path, headers={"Host": self.asked["domain"] or "localhost"})
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "replace")
            return answer.status, body, "no-store" not in (answer.getheader("Cache-Control") or "")
        except (OSError, http.client.HTTPException):
            return 0, "", True
        finally:
            connection.close()

    def end_trial(self) -> None:
        """Stop what is on trial."""
        pattern = f"{self.unit}_trial@*"
        self.systemd("stop", f"{pattern}.socket", f"{pattern}.service", must=False)
        self.systemd("reset-failed", f"{pattern}.service", f"{pattern}.socket", must=False)

    def listen(self, text: str | None = None) -> str | None:
        """Have systemd hold the port; return what the socket's file was, where that changed.

        Releases that run keep the port that they have.
        """
        name = f"{self.unit}.socket"
        path = self.systemd.folder / name
        before = path.read_text() if path.is_file() else ""
        wanted = text if text is not None else self.filled("app.socket")
        is_open = self.systemd.state(name) == "active"
        if before == wanted and is_open:
            return None
        if not (is_open and self.port == self.asked["port"]) and not is_free(self.asked["port"]):
            raise Failed(
                f"port {self.asked['port']} is taken on the server",
                hint="flaskdash deploy --port with another one",
            )
        self.systemd.write(name, wanted or None)
        self.systemd("daemon-reload")
        self.systemd("stop", f"{self.unit}.service", name, must=False)
        try:
            if wanted:
                self.systemd("start", name)
        except Failed:
            if text is None:
                self.listen(before)
            raise
        return before

    def boots(self) -> None:
        """Have all of it start with the server."""
        units = [f"{self.unit}.socket", f"{self.unit}.service"]
        units += [f"{self.unit}_refresh.timer"] if self.asked["refresh"] else []
        self.systemd("enable", "--quiet", *units)
        self.systemd("start", *units)

    def point(self, name: str) -> None:
        """Have `current` point to a release, by one rename."""
        new = self.root / "current.new"
        new.unlink(missing_ok=True)
        new.symlink_to(f"releases/{name}")
        new.replace(self.current)
        folder = os.open(self.root, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def wait_for(self, name: str, *, only: bool) -> None:
        """Wait until a release answers on the port; with `only`, until no other one does."""
        deadline = time.monotonic() + (UP_SECONDS + STOP_SECONDS)
        told: list[str] = []
        with ThreadPoolExecutor(8) as pool:  # several at once: both releases take some
            while time.monotonic() < deadline:
                told = list(pool.map(lambda _: self.ask_port(), range(8)))
                others = [one for one in told if one != f"up {name}"]
                if (not others) if only else len(others) < len(told):
                    return
                if self.systemd.state(self.systemd.live(name)) not in ("active", "activating"):
                    raise Failed(f"{name} does not start")
                time.sleep(0.05)
        raise Failed(f"{name} does not answer on port {self.asked['port']}: {told[0] or 'nothing'}")

    def ask_port(self, path: str = "/up") -> str:
        """Return what a page on the port says, or nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.asked["port"], timeout=5)
        try:
            connection.request("GET", path, headers={"Host": self.asked["domain"] or "localhost"})
            answer = connection.getresponse()
            return answer.read().decode("utf-8", "replace").strip() if answer.status == 200 else ""
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()

    def log(self, unit: str) -> str:
        """Return the last lines of a unit's log."""
        scope = ["--user"] if self.systemd.is_user else []
        argv = [*self.systemd.sudo, "journalctl", *scope, "--quiet", "--no-pager", "--output=cat"]
        with suppress(Failed, OSError):
            return run([*argv, f"--lines={LOG_LINES}", f"--unit={unit}"], 20).strip()
        return ""

    # --- old ones ---

    def remove(self, name: str) -> None:
        """Delete a release that is not live; first of all what says that it is whole."""
        folder = self.releases / name
        with suppress(OSError):
            (folder / "release.json").unlink()
        shutil.rmtree(folder, ignore_errors=True)

    def prune(self) -> None:
        """Keep the live release, the one before it and the newest; and what these need."""
        known = {one["name"]: one for one in self.known()}
        kept = {self.live, known.get(self.live, {}).get("before", "")}
        for name in known:
            if len(kept & set(known)) < KEPT:
                kept.add(name)
        for name in set(known) - kept:
            say(f"remove    {name}")
            self.remove(name)
        needed, wheels = {known[name]["environment"] for name in kept & set(known)}, set()
        for folder in (self.root / "environments").glob("*"):
            if folder.name not in needed:
                (folder / ".complete").unlink(missing_ok=True)
                shutil.rmtree(folder, ignore_errors=True)
            else:
                wheels |= set((folder / ".complete").read_text().split())
        for wheel in (self.root / "wheels").glob("*"):
            if wheel.name not in wheels:
                wheel.unlink()
        (self.root / "trial.log").unlink(missing_ok=True)

    def rollback(self) -> dict[str, Any]:
        """Let another release go live: the one that was asked for, or the one before."""
        with self.alone():
            self.settle()
            known = self.known()
            live = next((one for one in known if one["name"] == self.live), None)
            if live is None:
                raise Failed("nothing is live, so there is nothing to go back from", kind="usage")
            older = [one["name"] for one in known if int(one["number"]) < int(live["number"])]
            names = [one["name"] for one in known]
            wanted = self.asked["release"] or (
                live["before"] if live["before"] in names else next(iter(older), "")
            )
            if not wanted:
                raise Failed(f"there is no release before {live['name']}", kind="usage")
            if wanted not in names:
                raise Failed(
                    f"there is no release {wanted}", hint="flaskdash releases", kind="usage"
                )
            self.asked["port"] = self.port
            if wanted != live["name"]:
                self.go_live(wanted)
            return self.standing()

    # --- what is asked of it ---

    def standing(self) -> dict[str, Any]:
        """Return which release is live, and on which port."""
        return {"release": self.live, "port": self.port, "root": str(self.root)}

    def wait(self) -> dict[str, Any]:
        """Wait until a deploy that is at work has ended."""
        with self.alone():
            return self.standing()

    def status(self) -> dict[str, Any]:
        """Return how the project stands here."""
        live, self.asked["port"] = self.live, self.port
        shown = "ActiveState,ActiveEnterTimestamp,MemoryCurrent,NRestarts"
        text = self.systemd("show", f"--property={shown}", self.systemd.live(live)) if live else ""
        facts = dict(line.split("=", 1) for line in text.splitlines())
        said = self.ask_port() if self.port else ""
        return self.standing() | {"facts": facts, "healthy": bool(live) and said == f"up {live}"}

    def list_releases(self) -> dict[str, Any]:
        """Return the releases, the newest first."""
        return {"live": self.live, "releases": self.known()}

    def list_secrets(self) -> dict[str, Any]:
        """Return the names of what .env sets."""
        text = (self.shared / ".env").read_text() if (self.shared / ".env").exists() else ""
        return {"names": re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", text, re.MULTILINE)}

    def set_secrets(self) -> dict[str, Any]:
        """Write settings into .env, and have the live release take them up; or leave all as it was."""
        with self.alone():
            self.settle()
            self.shared.mkdir(parents=True, exist_ok=True)
            env, live = self.shared / ".env", self.live
            before = env.read_text() if env.exists() else ""
            values = self.asked["values"]
            lines = [
                line
                for line in before.splitlines()
                if not re.match(rf"\s*(?:export\s+)?(?:{'|'.join(values)})\s*=", line)
            ]
            lines += [f"{name}={quoted(value)}" for name, value in values.items()]
            replace(env, "\n".join(lines) + "\n", 0o600)
            self.own(env)
            self.asked["port"] = self.port
            if live:
                try:
                    self.trial(live)
                except Failed:
                    replace(env, before, 0o600)
                    self.own(env)
                    raise
                say(f"restart   {live}")
                self.systemd("restart", self.systemd.live(live))
                self.wait_for(live, only=True)
            return self.standing()


class Front:
    """Caddy or nginx before the project: it has the domain and its certificate."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.domain = server.asked["domain"]
        self.slug = server.unit
        self.sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.installed = False

    def set_up(self) -> None:
        """Have the domain lead here, where we may; else say what an administrator has to do."""
        has = [name for name in ("caddy", "nginx") if find(name)]
        kind = has[0] if has else "caddy"
        name = "Caddyfile" if kind == "caddy" else "nginx.conf"
        values = {"DOMAIN": self.domain, "PORT": str(self.server.asked["port"])}
        text = re.sub(
            r"@([A-Z]+)@", lambda found: values[found[1]], self.server.asked["front"][name]
        )
        replace(self.server.root / name, text)
        try:
            if not has:
                raise Failed("neither Caddy nor nginx is on the server")
            run([*self.sudo, "true"], 20)
            if kind == "caddy":
                self.caddy(text)
            else:
                self.nginx(text)
        except (Failed, OSError) as error:
            log = error.log if isinstance(error, Failed) else ""
            say(f"note      {self.domain} is not ready: {error} {log.strip()[-300:]}".rstrip())
            say("          as an administrator of the server:")
            for command in self.commands(kind, bool(has)):
                say(f"            {command}")

    def caddy(self, text: str) -> None:
        """Add the site to Caddy's, if it takes it."""
        main, site = Path("/etc/caddy/Caddyfile"), Path(f"/etc/caddy/flaskdash/{self.slug}.caddy")
        before = main.read_text() if main.exists() else ""
        if site.exists() and site.read_text() == text and "import flaskdash/" in before:
            return
        self.write(site, text)
        if "import flaskdash/" not in before:
            self.write(main, f"{before.rstrip()}\n\nimport flaskdash/*.caddy\n".lstrip())
        try:
            run([*self.sudo, "caddy", "validate", "--adapter", "caddyfile", "--config", str(main)])
        except Failed:
            self.write(main, before)
            run([*self.sudo, "rm", "-f", str(site)])
            raise
        self.reload("caddy")

    def nginx(self, text: str) -> None:
        """Add the site to nginx's, if it takes it, and have certbot get its certificate."""
        site = Path(f"/etc/nginx/conf.d/{self.slug}.conf")
        before = site.read_text() if site.exists() else ""
        known = all(line in before for line in re.findall(r"(?:proxy_pass|server_name) .*;", text))
        if not known:  # else leave what certbot has added
            self.write(site, text)
            try:
                run([*self.sudo, find("nginx"), "-t"])
            except Failed:
                if before:
                    self.write(site, before)
                else:
                    run([*self.sudo, "rm", "-f", str(site)])
                raise
            self.reload("nginx")
        if "ssl_certificate" not in (before if known else text):
            if not find("certbot"):
                self.installed = True
                raise Failed("it has no certificate, because certbot is not there")
            asks_nothing = ["--non-interactive", "--agree-tos", "--register-unsafely-without-email"]
            run([*self.sudo, "certbot", "--nginx", *asks_nothing, "--redirect", "-d", self.domain])

    def reload(self, name: str) -> None:
        """Have a web server take up its configuration, and start with the server."""
        run([*self.sudo, "systemctl", "enable", "--quiet", name])
        run([*self.sudo, "systemctl", "reload-or-restart", name])
        say(f"reload    {name}: {self.domain} leads to port {self.server.asked['port']}")

    def write(self, path: Path, text: str) -> None:
        """Write a file of the administrator's."""
        install(self.sudo, path, text)

    def commands(self, kind: str, there: bool) -> list[str]:
        """Return what an administrator types."""
        root = self.server.root
        if kind == "caddy":
            site = f"/etc/caddy/flaskdash/{self.slug}.caddy"
            return [
                *([] if there else ["sudo apt install caddy"]),
                f"sudo install -D -m 644 {root}/Caddyfile {site}"
                " && echo 'import flaskdash/*.caddy' | sudo tee -a /etc/caddy/Caddyfile",
                "sudo systemctl reload caddy",
            ]
        copy = f"sudo cp {root}/nginx.conf /etc/nginx/conf.d/{self.slug}.conf"
        return [
            *([] if self.installed else [f"{copy} && sudo systemctl reload nginx"]),
            f"sudo apt install python3-certbot-nginx && sudo certbot --nginx -d {self.domain}",
        ]


def find(program: str) -> str:
    """Return a program's path; those of administrators are not on everybody's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    return shutil.which(program, path=path) or ""


def quoted(value: str) -> str:
    r"""Return a value as .env holds it, so that python-dotenv reads the same.

    It takes \\ and \' in single quotes, and puts variables even there; an unnamed one has its default.
    """
    text = value.replace("${", "${:-$}{").replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def is_free(port: int) -> bool:
    """Return whether nothing listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def describe(status: int) -> str:
    """Return a status in words."""
    return f"status {status}" if status else "nothing"


def main(stdin: BinaryIO) -> int:
    """Do what the next line of standard input asks for."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o022 if os.geteuid() == 0 else 0o077)  # root's releases run as another user
    asked = json.loads(stdin.readline())
    server = Server(asked, stdin)
    what = {
        "deploy": server.deploy,
        "rollback": server.rollback,
        "status": server.status,
        "wait": server.wait,
        "releases": server.list_releases,
        "secrets": server.list_secrets,
        "set-secrets": server.set_secrets,
    }[asked["do"]]
    try:
        tell(done=what())
    except Failed as error:
        log = "\n".join(error.log.splitlines()[-LOG_LINES:])
        tell(failed=str(error), hint=error.hint, kind=error.kind, log=log, live=server.live)
    except OSError as error:
        tell(
            failed=f"{error.strerror or error}, on the server",
            hint="",
            kind="",
            log="",
            live=server.live,
        )
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody may listen any more
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer))
