"""The only importer of cookiecutter: render a skeleton, then write files that are not there yet."""

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


def render(skeleton: str, context: Mapping[str, Any], into: Path) -> None:
    """Render `templates/<skeleton>` with the context into a folder, beside what is there.

    What is copied as it is must be named by files: cookiecutter replaces whole folders.
    The skeleton's top folder takes the folder's own name, as `cookiecutter.folder`.
    """
    from cookiecutter.exceptions import CookiecutterException
    from cookiecutter.generate import generate_context, generate_files

    logging.getLogger("cookiecutter").setLevel(logging.WARNING)
    source = TEMPLATES / skeleton
    values = generate_context(str(source / "cookiecutter.json"))
    values["cookiecutter"].update(context, folder=into.name)
    try:
        generate_files(
            repo_dir=str(source),
            context=values,
            output_dir=str(into.parent),
            overwrite_if_exists=True,
            accept_hooks=False,
        )
    except CookiecutterException as error:
        raise FlaskdashError(f"the {skeleton} skeleton can't be rendered: {error}") from error
    for compiled in list(into.rglob("__pycache__")):  # pip compiles what it installs
        shutil.rmtree(compiled)


def render_part(part: str, context: Mapping[str, Any], into: Path) -> None:
    """Render a skeleton that a project has once, and record it in .flaskdash for a later upgrade."""
    render(part, context, into)
    record_part(part, context, into)


def record_part(part: str, answers: Mapping[str, Any], into: Path) -> None:
    """Write which version of flaskdash rendered a part, and with what answers."""
    record = into / PARTS / f"{part}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    content = {"flaskdash": __version__, "answers": dict(answers)}
    record.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")


def format_code(folder: Path) -> None:
    """Lay out the Python files of a folder as `ruff format` does in the generated project."""
    from ruff.__main__ import find_ruff_bin

    options = ["--isolated", "--quiet", "--no-cache", "--line-length", str(LINE_LENGTH)]
    shell.run([find_ruff_bin(), "format", *options, "."], cwd=folder)


@contextmanager
def draft() -> Iterator[Path]:
    """Lend a temporary folder to render into; it goes with the block."""
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
        root = Path(folder) / "draft"
        root.mkdir()
        yield root


def files(folder: Path) -> list[PurePosixPath]:
    """Return the files below a folder, as sorted paths relative to it."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(PurePosixPath(path.relative_to(folder).as_posix()) for path in found)


def keep_originals(folder: Path) -> None:
    """Keep each generated file as it was written, for `remove` and for a later upgrade.

    Of vendored files, which nobody edits and which are large, the digest is kept. Data has its own.
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
    """Keep the digest of a copied source, so that `remove` can tell whether it is still that."""
    kept = folder / digest_of(path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(digest(folder / path) + "\n", "utf-8")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: PurePosixPath) -> PurePosixPath:
    """Return where the digest of a copied source is kept."""
    return ORIGINALS / f"{path}.sha256"


def original_of(path: PurePosixPath) -> PurePosixPath:
    """Return where the original of a generated file is kept."""
    return ORIGINALS / f"{path}.orig"


def place(drafted: Path, root: Path, echo: Callable[[str], None], dry_run: bool = False) -> None:
    """Move what was drafted into a project: all files, or none.

    A file that is there with the same content is left; one with another content is an error. Each
    file prints a line: create, or identical.
    """
    drafts = files(drafted)
    verbs = {p: _verb(drafted / p, root / p) for p in drafts if p.parts[0] != ORIGINALS.name}
    for path, verb in verbs.items():
        if verb == "conflict":
            raise FlaskdashError(
                f"{path} exists already, with another content; nothing was written",
                hint=f"give another NAME, or first: flaskdash remove {path.stem}",
            )
    for path, verb in verbs.items():
        echo(f"{verb:9} {path}")
    if dry_run:
        return
    created = [path for path, verb in verbs.items() if verb == "create"]
    created.sort(key=lambda path: path.parts[0] != "data")  # no loader before its data is whole
    originals = [path for path in drafts if _is_record_of(path, created)]
    for path in originals:  # of a file that was deleted by hand
        (root / path).unlink(missing_ok=True)
    # The originals first: `remove` knows a file again, wherever this was killed.
    _write(drafted, root, [*originals, *created])


def _is_record_of(path: PurePosixPath, created: list[PurePosixPath]) -> bool:
    """Return whether a file in .flaskdash is the original of a created file, or records a part."""
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
            _put(drafted / path, root / path)
            written.append(root / path)
    except BaseException as error:
        for target in written:
            target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FlaskdashError(
                f"can't write {error.filename or root}: {error.strerror}; nothing was written"
            ) from error
        raise


def _put(source: Path, target: Path) -> None:
    """Copy a file: it stands under its name when it is whole, and never replaces another."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in target.parent.glob(f".*.{MARK}-*"):  # what a killed run left behind
        if not shell.runs(stale.name.rpartition("-")[2]):
            with suppress(OSError):
                stale.unlink()
    beside = target.with_name(f".{target.name}.{MARK}-{os.getpid()}")
    try:
        with beside.open("xb") as out, source.open("rb") as content:
            shutil.copyfileobj(content, out)
        try:
            target.hardlink_to(beside)
        except FileExistsError:
            raise
        except OSError as error:  # a disk that has no links
            if target.exists():
                raise FileExistsError(errno.EEXIST, "File exists", str(target)) from error
            beside.rename(target)
    finally:
        beside.unlink(missing_ok=True)
