"""The project's own environment (.venv), made and kept up to date by uv."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.progress import working
from flaskdash.project import Project

STAMP = ".flaskdash-synced"
SOURCES = ("pyproject.toml", "uv.lock", ".python-version")
UNREACHABLE = (
    "dns error",
    "error sending request",
    "network connectivity is disabled",
    "network was disabled",
    "operation timed out",
    "tcp connect error",
)


class OfflineError(FlaskdashError):
    """The package index, or a Python to download, could not be reached."""

    def __init__(self) -> None:
        super().__init__(
            "the package index can't be reached, so the project has no environment yet",
            hint="flaskdash serve, when the network is back: it makes the environment first",
        )


def ensure_environment(project: Project, echo: Callable[[str], None]) -> None:
    """Make or update the project's environment where needed; tell `echo` if an update has to wait.

    Costs two small file reads when nothing has changed.
    """
    exists = project.python.exists()
    if exists and is_fresh(project.root):
        return
    synced_before = exists and (project.root / ".venv" / STAMP).exists()
    message = "Updating the environment..." if exists else "Making the environment (first time)..."
    try:
        with working(message):
            sync(project.root)
    except OfflineError:
        if not synced_before:
            raise
        echo("The package index can't be reached: going on with the environment as it is.")


def lock(root: Path) -> None:
    """Write uv.lock from pyproject.toml; raise OfflineError if the index can't be reached."""
    _uv("lock", *_python(root), root=root)


def add(project: Project, packages: Sequence[str]) -> None:
    """Add packages to the project's dependencies, its lock and its environment, where it has them.

    uv writes all of it or nothing. Raises OfflineError if the index can't be reached.
    """
    if not (project.root / "uv.lock").exists():
        _uv("add", "--frozen", *packages, root=project.root)
    elif not project.python.exists():
        _uv("add", "--no-sync", *_python(project.root), *packages, root=project.root)
    else:
        _uv("add", *packages, root=project.root)
        stamp(project.root)


def sync(root: Path) -> None:
    """Install what uv.lock says into `root`/.venv, and make that first if there is none.

    It is relocatable: it still works after the folder was moved or renamed.
    """
    if not Project(root, root.name, root.name).python.exists():
        # --clear: what stands there has no Python any more, so it can't be used.
        _uv("venv", "--clear", "--relocatable", *_python(root), ".venv", root=root)
    _uv("sync", root=root)
    stamp(root)


def is_fresh(root: Path) -> bool:
    """Return whether the environment was last synced from these very project files."""
    try:
        return (root / ".venv" / STAMP).read_text(encoding="utf-8") == _fingerprint(root)
    except OSError:
        return False


def stamp(root: Path) -> None:
    """Note in the environment which project files it was synced from."""
    with suppress(OSError):  # without it, the next start asks uv again: slower, not wrong
        (root / ".venv" / STAMP).write_text(_fingerprint(root), encoding="utf-8")


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for name in SOURCES:
        file = root / name
        content = file.read_bytes() if file.is_file() else b""
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def _python(root: Path) -> list[str]:
    """Return the flags that make uv take this very Python, if the project wants its version."""
    file = root / ".python-version"
    wanted = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    return ["--python", getattr(sys, "_base_executable", sys.executable)] if wanted == mine else []


def uv() -> str:
    """Return the path of the uv that came with flaskdash."""
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise FlaskdashError(
            "uv is not installed beside flaskdash", hint="pip install uv"
        ) from error


def _uv(*args: str, root: Path) -> None:
    try:
        shell.run([uv(), *args, "--quiet", "--no-progress"], cwd=root)
    except shell.CommandError as error:
        if any(sign in error.output.lower() for sign in UNREACHABLE):
            raise OfflineError from error
        raise
