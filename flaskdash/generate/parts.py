"""Optional parts of a project, such as a database: add them, and take them away without a trace."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.generate.place import package_name, place
from flaskdash.progress import Echo, working
from flaskdash.project import Project, environment


@dataclass(frozen=True)
class Part:
    """A part: its skeleton, the packages that its code imports, and the parts that it builds on."""

    name: str
    skeleton: str
    home: str  # its folder or file in the project; the folder around it must be there
    requires: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)


DATABASE = Part(
    "database",
    "blueprints/database",
    "app/blueprints/database",
    ("flask-alembic>=3.3", "flask-sqlalchemy-lite>=0.2.1", "sqlalchemy>=2.1"),
)
REDIS = Part("redis", "redis", "app/engine/shared.py", ("redis>=8.0",))


def add_part(project: Project, part: Part, echo: Echo, dry_run: bool = False) -> None:
    """Write the files of a part and of those that it needs, and add their packages."""
    home = (project.root / part.home).parent
    if not home.is_dir():
        raise FlaskdashError(
            f"The project has no folder {project.relative(home)}, where {part.name} would be: it was"
            " made by an older flaskdash. Create a new project, and copy app/loaders and app/charts"
            " into it.",
            hint=f"flaskdash new {project.root.name}-2",
        )
    with render.draft() as root:
        render.render(part.skeleton, part.answers, root)
        render.format_code(root)
        record = {"files": [str(path) for path in render.files(root)], "needs": list(part.needs)}
        record["packages"] = [
            package
            for package in map(package_name, part.requires)
            if package not in map(package_name, project.dependencies())
        ]
        earlier = _record(project, part.name)
        record["packages"] += set(earlier.get("packages", ())) - {*record["packages"]}
        render.record_part(part.name, part.answers, root, **record)
        render.keep_originals(root)
        place(project, root, part.requires, part.name, echo, dry_run=dry_run)


def is_part(project: Project, name: str) -> bool:
    """Return whether a part of this name was added to the project."""
    return bool(_record(project, name).get("files"))


def remove_part(project: Project, name: str, echo: Echo, force: bool = False) -> None:
    """Delete the files of a part that are as they were written, and the packages that it brought.

    Raises FlaskdashError if another part needs it, or if a file was edited or added by its owner;
    with `force`, edited files are deleted, and added files stay.
    """
    record = _record(project, name)
    parts = [path.stem for path in (project.root / render.PARTS).glob("*.json")]
    for part in parts:
        if name in _record(project, part).get("needs", ()):
            raise FlaskdashError(
                f"The part {part} needs {name}. Nothing was removed. Remove {part} first.",
                hint=f"flaskdash remove {part}",
            )
    files = [PurePosixPath(file) for file in record["files"]]
    if not force:
        _refuse_changes(project, name, files)
    for file in files:
        for path in (project.root / file, project.root / render.original_of(file)):
            if path.is_file():
                path.unlink()
        echo(f"remove    {file}")
    (project.root / render.PARTS / f"{name}.json").unlink()
    for folder in sorted({file.parent for file in files}, reverse=True):
        _remove_empty(project.root, folder)
        _remove_empty(project.root, render.ORIGINALS / folder)
    packages = [package for package in record["packages"] if not _is_used(project, package)]
    if packages:
        with working(f"Removing {', '.join(packages)}..."):
            environment.remove(project, packages)
    for package in packages:
        echo(f"remove    {package} (package)")


def _record(project: Project, name: str) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        record = json.loads((project.root / render.PARTS / f"{name}.json").read_text("utf-8"))
        if isinstance(record, dict):
            return record
    return {}


def _refuse_changes(project: Project, name: str, files: Sequence[PurePosixPath]) -> None:
    """Raise FlaskdashError if its owner changed a part, or put files into its folders."""
    edited = [file for file in files if _is_edited(project.root, file)]
    shared = {PurePosixPath("app/engine"), PurePosixPath("app/blueprints"), PurePosixPath("tests")}
    folders = {file.parent for file in files} - shared
    own = [
        path.relative_to(project.root)
        for folder in folders
        for path in sorted((project.root / folder).glob("[!_]*"))
        if path.is_file() and path.relative_to(project.root).as_posix() not in map(str, files)
    ]
    if edited or own:
        reasons = [f"{file} was edited" for file in edited] + [f"{file} is yours" for file in own]
        raise FlaskdashError(
            f"{'; '.join(reasons)}. Nothing was removed. --force removes {name}, and leaves the"
            " files that it did not bring.",
            hint=f"flaskdash remove {name} --force",
        )


def _is_edited(root: Path, file: PurePosixPath) -> bool:
    original, path = root / render.original_of(file), root / file
    if not path.is_file():
        return False
    return not original.is_file() or path.read_bytes() != original.read_bytes()


def _remove_empty(root: Path, folder: PurePosixPath) -> None:
    """Delete a folder that has nothing but compiled modules, and the folders around it likewise."""
    path = root / folder
    if not path.is_dir() or not folder.parts:
        return
    if {entry.name for entry in path.iterdir()} <= {"__pycache__"}:
        shutil.rmtree(path)
        _remove_empty(root, folder.parent)


def _is_used(project: Project, package: str) -> bool:
    """Return whether the code that is left imports a package, or names it as a database's driver."""
    module = rf"(import |from |\+){package.replace('-', '_')}\b"
    texts = (path.read_text("utf-8", "replace") for path in (project.root / "app").rglob("*.py"))
    return any(re.search(module, text) for text in texts)
