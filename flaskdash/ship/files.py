"""The files of a project that a deploy ships: those in git, and the sources of its loaders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from flaskdash import shell
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, contents

# Never shipped, even if git tracks them: files that the target creates, and flaskdash's notes.
EXCLUDED_AT_ROOT = {".flaskdash", ".venv", "dist", "instance", "venv"}
EXCLUDED_ANYWHERE = {
    ".git",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "node_modules",
}
# Files in which people and tools keep passwords and keys. leaks.py finds private keys with other
# names by their content.
CREDENTIALS = re.compile(
    r"\.envrc|[._]netrc|\.(pypirc|npmrc|yarnrc|yarnrc\.yml|pgpass|my\.cnf|git-credentials|htpasswd)"
    r"|\.(dockercfg|boto|s3cfg|vault-token)|(.+_)?id_(rsa|dsa|ecdsa|ed25519)(_sk)?"
    r"|.+\.(ppk|p12|pfx|jks|keystore|kdbx)"
)
CREDENTIAL_FOLDERS = {".aws", ".azure", ".docker", ".gnupg", ".kube", ".ssh"}
# Without git, only these hidden files are known to belong to the project.
PROJECT_DOTFILES = {
    ".dockerignore",
    ".env.example",
    ".flaskenv",
    ".gitignore",
    ".python-version",
    ".well-known",
}


def shipped(project: Project) -> list[PurePosixPath]:
    """Return the files that a deploy ships, sorted and relative to the project.

    They are those that git tracks or would add (without git: all but caches and hidden files), and
    the sources of the loaders, even if git ignores them.
    """
    listed = _list_in_git(project.root, "--cached", "--others", "--exclude-standard")
    # git lists nothing if an outer repository ignores the project's folder.
    paths = {path for path in listed or _walk(project.root) if not is_excluded(path)}
    with suppress(FlaskdashError):  # the preflight reports a loader that cannot be parsed
        paths |= {path for path in sources(project) if not path.is_absolute()}
    return sorted(path for path in paths if (project.root / path).is_file())


def tracked(project: Project) -> set[PurePosixPath] | None:
    """Return the project's files in git; None if it is not in a git repository."""
    paths = _list_in_git(project.root, "--cached")
    return None if paths is None else set(paths)


def sources(project: Project) -> list[PurePosixPath]:
    """Return the files that loaders read; a loader of a URL or of computed data has none."""
    paths = {file for loader in contents.loaders(project).values() for file in loader.files}
    return [PurePosixPath(path) for path in sorted(paths)]


def is_excluded(path: PurePosixPath) -> bool:
    """Return whether a file is never shipped: a secret, a cache, or a file made on the target."""
    return (
        path.parts[0] in EXCLUDED_AT_ROOT
        or not (EXCLUDED_ANYWHERE | CREDENTIAL_FOLDERS).isdisjoint(path.parts)
        or is_env(path)
        or bool(CREDENTIALS.fullmatch(path.name.lower()))
    )


def is_env(path: PurePosixPath) -> bool:
    """Return whether a file is a .env, .env.local or similar, which may hold secrets."""
    name = PurePosixPath(path.name.removesuffix(".orig"))  # .flaskdash/ has originals of examples
    is_example = name.suffix in {".example", ".sample", ".template"}
    return name.name == ".env" or (name.name.startswith(".env.") and not is_example)


def escapes(project: Project, path: PurePosixPath) -> bool:
    """Return whether a path leads out of the project, by itself or through a symbolic link."""
    return not (project.root / path).resolve().is_relative_to(project.root.resolve())


def _list_in_git(root: Path, *flags: str) -> list[PurePosixPath] | None:
    """Return the paths that `git ls-files` prints; None if ROOT is not in a git repository."""
    try:
        output = shell.run(["git", "ls-files", "-z", *flags], cwd=root)
    except FlaskdashError:
        return None
    return [PurePosixPath(path) for path in output.split("\0") if path]


def _walk(root: Path) -> Iterator[PurePosixPath]:
    for folder, folders, names in os.walk(root):
        parent = PurePosixPath(Path(folder).relative_to(root).as_posix())
        folders[:] = [
            name for name in folders if not _is_hidden(name) and not is_excluded(parent / name)
        ]
        yield from (parent / name for name in names if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and name not in PROJECT_DOTFILES
