"""The project's environment (.venv), which uv creates and updates."""

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
    """The package index, or the download of a Python, cannot be reached."""

    def __init__(self) -> None:
        super().__init__(
            "The package index cannot be reached, so the project has no environment. When the"
            " network is back, start the server: it creates the environment first.",
            hint="flaskdash serve",
        )


def ensure_environment(project: Project, echo: Callable[[str], None]) -> None:
    """Create or update the project's environment if it is missing or out of date.

    If an update has to wait for the network, `echo` gets a message. If nothing has changed, this
    costs two small file reads.
    """
    exists = project.python.exists()
    if exists and is_fresh(project.root):
        return
    synced_before = exists and (project.root / ".venv" / STAMP).exists()
    message = (
        "Updating the environment..." if exists else "Creating the environment (first time)..."
    )
    try:
        with working(message):
            sync(project.root)
    except OfflineError:
        if not synced_before:
            raise
        echo("The package index cannot be reached. The environment is not updated.")


def lock(root: Path) -> None:
    """Write uv.lock from pyproject.toml; raise OfflineError if the index cannot be reached."""
    _uv("lock", *_python(root), root=root)


def add(project: Project, packages: Sequence[str]) -> None:
    """Add packages to the project's dependencies, and to its lock and environment if they exist.

    uv writes all of it or nothing. Raises OfflineError if the index cannot be reached.
    """
    _change(project, "add", packages)


def remove(project: Project, packages: Sequence[str]) -> None:
    """Remove packages from the project's dependencies, its lock and its environment."""
    _change(project, "remove", packages)


def _change(project: Project, verb: str, packages: Sequence[str]) -> None:
    if not (project.root / "uv.lock").exists():
        _uv(verb, "--frozen", *packages, root=project.root)
    elif not project.python.exists():
        _uv(verb, "--no-sync", *_python(project.root), *packages, root=project.root)
    else:
        _uv(verb, *packages, root=project.root)
        stamp(project.root)


def sync(root: Path) -> None:
    """Install the packages of uv.lock into `root`/.venv, and create that first if it is missing.

    The environment is relocatable: it still works after the folder is moved or renamed.
    """
    if not Project(root, root.name, root.name).python.exists():
        # --clear: an existing folder without a Python is broken.
        _uv("venv", "--clear", "--relocatable", *_python(root), ".venv", root=root)
    _uv("sync", root=root)
    stamp(root)


def is_fresh(root: Path) -> bool:
    """Return whether the environment was synced from the current project files."""
    try:
        return (root / ".venv" / STAMP).read_text(encoding="utf-8") == _fingerprint(root)
    except OSError:
        return False


def stamp(root: Path) -> None:
    """Record in the environment the project files that it was synced from."""
    with suppress(OSError):  # without the record, the next start runs uv again
        (root / ".venv" / STAMP).write_text(_fingerprint(root), encoding="utf-8")


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for name in SOURCES:
        file = root / name
        content = file.read_bytes() if file.is_file() else b""
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def _python(root: Path) -> list[str]:
    """Return the flags that select this Python, if it has the version that the project requires."""
    file = root / ".python-version"
    required = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    current = f"{sys.version_info.major}.{sys.version_info.minor}"
    if required != current:
        return []
    return ["--python", getattr(sys, "_base_executable", sys.executable)]


def uv() -> str:
    """Return the path of the uv that is installed with flaskdash."""
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise FlaskdashError(
            "uv is missing from the environment of flaskdash. Install it there.",
            hint="pip install uv",
        ) from error


def _uv(*args: str, root: Path) -> None:
    try:
        shell.run([uv(), *args, "--quiet", "--no-progress"], cwd=root)
    except shell.CommandError as error:
        if any(sign in error.output.lower() for sign in UNREACHABLE):
            raise OfflineError from error
        raise
