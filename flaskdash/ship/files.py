"""The files of a project that go out with it: what git would take, and what the loaders read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, contents

# Never shipped, whatever git says: what is made anew there, and flaskdash's own notes.
AT_THE_TOP = {".flaskdash", ".venv", "dist", "instance", "venv"}
ANYWHERE = {
    ".git",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "node_modules",
}
# Where people and tools keep passwords and keys; a private key by another name is found by what it
# holds, see leaks.py.
CREDENTIALS = re.compile(
    r"\.envrc|[._]netrc|\.(pypirc|npmrc|yarnrc|yarnrc\.yml|pgpass|my\.cnf|git-credentials|htpasswd)"
    r"|\.(dockercfg|boto|s3cfg|vault-token)|(.+_)?id_(rsa|dsa|ecdsa|ed25519)(_sk)?"
    r"|.+\.(ppk|p12|pfx|jks|keystore|kdbx)"
)
HOMES = {".aws", ".azure", ".docker", ".gnupg", ".kube", ".ssh"}
# Without git nobody says which hidden files are the project's: these are.
HIDDEN = {
    ".dockerignore",
    ".env.example",
    ".flaskenv",
    ".gitignore",
    ".python-version",
    ".well-known",
}


def shipped(project: Project) -> list[PurePosixPath]:
    """Return the files that go out, sorted and relative to the project.

    They are those that git tracks or would add (without git: all but caches and hidden files), and
    the files that loaders read, even where git ignores them.
    """
    found = _in_git(project.root, "--cached", "--others", "--exclude-standard")
    # A project in a folder which an outer repository ignores looks empty to git.
    paths = {path for path in found or _walk(project.root) if not left_out(path)}
    with suppress(FlaskdashError):  # a loader that can't be parsed is the preflight's to tell
        paths |= {path for path in sources(project) if not path.is_absolute()}
    return sorted(path for path in paths if (project.root / path).is_file())


def tracked(project: Project) -> set[PurePosixPath] | None:
    """Return the files of the project that are in git, or None where there is no git."""
    found = _in_git(project.root, "--cached")
    return None if found is None else set(found)


def sources(project: Project) -> list[PurePosixPath]:
    """Return the files that loaders read; a loader that reads a URL or computes has none."""
    found = {one.source for one in contents.loaders(project).values()}
    return [PurePosixPath(one) for one in sorted(found) if one and "://" not in one]


def left_out(path: PurePosixPath) -> bool:
    """Return whether a file is never shipped: a secret, a cache, or what is made anew there."""
    return (
        path.parts[0] in AT_THE_TOP
        or not (ANYWHERE | HOMES).isdisjoint(path.parts)
        or is_env(path)
        or bool(CREDENTIALS.fullmatch(path.name.lower()))
    )


def is_env(path: PurePosixPath) -> bool:
    """Return whether a file is an .env, .env.local and so on, which hold secrets."""
    return path.name == ".env" or (
        path.name.startswith(".env.") and path.suffix not in {".example", ".sample", ".template"}
    )


def escapes(project: Project, path: PurePosixPath) -> bool:
    """Return whether a path leads out of the project, itself or by a link on its way."""
    return not (project.root / path).resolve().is_relative_to(project.root.resolve())


def _in_git(root: Path, *which: str) -> list[PurePosixPath] | None:
    """Return what `git ls-files` lists below the folder, or None where there is no git."""
    try:
        listed = shell.run(["git", "ls-files", "-z", *which], cwd=root)
    except FlaskdashError:
        return None
    return [PurePosixPath(path) for path in listed.split("\0") if path]


def _walk(root: Path) -> Iterator[PurePosixPath]:
    for folder, folders, names in os.walk(root):
        here = PurePosixPath(Path(folder).relative_to(root).as_posix())
        folders[:] = [name for name in folders if _is_plain(name) and not left_out(here / name)]
        yield from (here / name for name in names if _is_plain(name))


def _is_plain(name: str) -> bool:
    return not name.startswith(".") or name in HIDDEN
