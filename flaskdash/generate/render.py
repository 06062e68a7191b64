"""Render skeletons, and move the files into a project. Only this module imports cookiecutter."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from flaskdash import __version__, shell
from flaskdash.errors import FlaskdashError
from flaskdash.skeletons import TEMPLATES

LINE_LENGTH = 100
ORIGINALS = PurePosixPath(".flaskdash")
PARTS = ORIGINALS / "parts"
VENDOR = "vendor"
MARK = "flaskdash-part"


class _Memory:
    """What jinja2 has compiled in this process, in place of the server that it may use."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    def get(self, key: str) -> bytes:
        return self._values.get(key, b"")

    def set(self, key: str, value: bytes, timeout: int | None = None) -> None:
        self._values[key] = value


_compiled = _Memory()


def render(skeleton: str, context: Mapping[str, Any], into: Path) -> None:
    """Render `templates/<skeleton>` with the context into a folder that may contain files.

    `_copy_without_render` must list files, because cookiecutter replaces whole folders. The
    skeleton's top folder is named `cookiecutter.folder`, which is the folder's own name.
    """
    from cookiecutter.exceptions import CookiecutterException
    from cookiecutter.generate import generate_context, generate_files
    from jinja2 import MemcachedBytecodeCache

    logging.getLogger("cookiecutter").setLevel(logging.WARNING)
    source = TEMPLATES / skeleton
    values = generate_context(str(source / "cookiecutter.json"))
    cache = MemcachedBytecodeCache(_compiled)  # compiling takes three quarters of the time
    with _plain_folder(into) as plain:
        values["cookiecutter"].update(context, folder=plain.name)
        values["cookiecutter"]["_jinja2_env_vars"] = {"bytecode_cache": cache}
        try:
            generate_files(
                repo_dir=str(source),
                context=values,
                output_dir=str(plain.parent),
                overwrite_if_exists=True,
                accept_hooks=False,
            )
        except CookiecutterException as error:
            raise FlaskdashError(f"Cannot render the skeleton {skeleton}: {error}") from error
        for compiled in list(plain.rglob("__pycache__")):  # pip compiles what it installs
            shutil.rmtree(compiled)


@contextmanager
def _plain_folder(into: Path) -> Iterator[Path]:
    """Lend a folder whose path has no brace; copy what is in it if it is not the folder itself.

    cookiecutter renders the path that it writes to, so a folder's name could run any command.
    """
    if "{" not in str(into):
        yield into
        return
    if "{" in tempfile.gettempdir():
        raise FlaskdashError(
            f"The folder for temporary files has a brace in its path: {tempfile.gettempdir()}.",
            hint="TMPDIR=/tmp flaskdash ...",
        )
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as temporary:
        plain = Path(temporary, "plain")
        plain.mkdir()
        yield plain
        shutil.copytree(plain, into, dirs_exist_ok=True)


def render_part(part: str, context: Mapping[str, Any], into: Path) -> None:
    """Render a part of a project, and record it in .flaskdash for a later upgrade."""
    render(part, context, into)
    record_part(part, context, into)


def record_part(part: str, answers: Mapping[str, Any], into: Path, **facts: Any) -> None:
    """Record the answers of a part, further facts, and the version of flaskdash that rendered it."""
    record = into / PARTS / f"{part}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    content = {"flaskdash": __version__, "answers": dict(answers), **facts}
    record.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")


def format_code(folder: Path) -> None:
    """Format the Python files of a folder as `ruff format` does in the generated project."""
    from ruff.__main__ import find_ruff_bin

    options = ["--isolated", "--quiet", "--no-cache", "--line-length", str(LINE_LENGTH)]
    shell.run([find_ruff_bin(), "format", *options, "."], cwd=folder)


@contextmanager
def draft() -> Iterator[Path]:
    """Lend a temporary folder to render into; it is deleted at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
        root = Path(folder) / "draft"
        root.mkdir()
        yield root


def files(folder: Path) -> list[PurePosixPath]:
    """Return the files below a folder, as sorted paths relative to it."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(PurePosixPath(path.relative_to(folder).as_posix()) for path in paths)


def keep_originals(folder: Path) -> None:
    """Copy each generated file to .flaskdash, for `remove` and for a later upgrade.

    Vendored files are large and rarely edited, so only their digests are stored. `keep_digest`
    stores those of data files.
    """
    for path in files(folder):
        if path.parts[0] in {ORIGINALS.name, "data"}:
            continue
        if VENDOR in path.parts:
            keep_digest(folder, path)
            continue
        original = folder / original_of(path)
        original.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / path, original)


def keep_digest(folder: Path, path: PurePosixPath) -> None:
    """Store the digest of a copied file, so that `remove` can tell whether it was changed."""
    record = folder / digest_of(path)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(digest(folder / path) + "\n", "utf-8")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: PurePosixPath) -> PurePosixPath:
    """Return the path of the stored digest of a copied file."""
    return ORIGINALS / f"{path}.sha256"


def original_of(path: PurePosixPath) -> PurePosixPath:
    """Return the path of the stored original of a generated file."""
    return ORIGINALS / f"{path}.orig"


def place(drafted: Path, root: Path, echo: Callable[[str], None], dry_run: bool = False) -> None:
    """Copy drafted files into a project: all of them, or none.

    An existing file with the same content is left as it is; one with different content raises
    FlaskdashError. For each file, `echo` gets a line when all are written: create, or identical.
    """
    verbs = {
        path: _verb(drafted / path, root / path)
        for path in files(drafted)
        if path.parts[0] != ORIGINALS.name
    }
    for path, verb in verbs.items():
        if verb == "conflict":
            raise FlaskdashError(
                f"{path} already exists with different content. Nothing was written. Choose"
                " another name, or remove the file first.",
                hint=f"flaskdash remove {path.stem}",
            )
    if not dry_run:
        _write_created(drafted, root, [path for path, verb in verbs.items() if verb == "create"])
    for path, verb in verbs.items():
        echo(f"{verb:9} {path}")


def _write_created(drafted: Path, root: Path, created: list[PurePosixPath]) -> None:
    """Write files that do not exist, and their records."""
    # A loader must not exist before its data is complete, nor a migration before its models: when
    # one appears, `serve` brings the tables up to date.
    created.sort(key=lambda path: (path.parts[0] != "data", "migrations" in path.parts))
    records = [path for path in files(drafted) if _is_record_of(path, created)]
    for path in records:  # one may be left of a file that was deleted by hand
        (root / path).unlink(missing_ok=True)
    # The records come first: if this is killed, `remove` still recognises each file.
    _write(drafted, root, [*records, *created])


def _is_record_of(path: PurePosixPath, created: list[PurePosixPath]) -> bool:
    """Return whether a file in .flaskdash belongs to a created file, or records a part."""
    if path.parts[0] != ORIGINALS.name:
        return False
    if path.is_relative_to(PARTS):
        return bool(created)
    return path.relative_to(ORIGINALS).with_suffix("") in created


def _verb(drafted: Path, target: Path) -> str:
    if not target.exists():
        return "create"
    same = target.is_file() and target.read_bytes() == drafted.read_bytes()
    return "identical" if same else "conflict"


def _write(drafted: Path, root: Path, paths: list[PurePosixPath]) -> None:
    written: list[Path] = []
    try:
        for path in paths:
            _copy_atomically(drafted / path, root / path)
            written.append(root / path)
    except BaseException as error:
        for target in written:
            target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FlaskdashError(
                f"Cannot write {error.filename or root}: {error.strerror}. Nothing was written."
            ) from error
        raise


def _copy_atomically(source: Path, target: Path) -> None:
    """Copy a file: it gets its name when it is complete, and never replaces another file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in target.parent.glob(f".*.{MARK}-*"):  # of a run that was killed
        if not shell.runs(stale.name.rpartition("-")[2]):
            with suppress(OSError):
                stale.unlink()
    temporary = target.with_name(f".{target.name}.{MARK}-{os.getpid()}")
    try:
        with temporary.open("xb") as out, source.open("rb") as content:
            shutil.copyfileobj(content, out)
        try:
            target.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError as error:  # the file system has no links
            if target.exists():
                raise FileExistsError(errno.EEXIST, "File exists", str(target)) from error
            temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)
