"""Optional parts of a project, such as a database: add them, and take them away without a trace."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    brings: tuple[str, ...] = ()  # of those, which go with it, as it came with them
    answers: Mapping[str, Any] = field(default_factory=dict)


DATABASE = Part(
    "database",
    "blueprints/database",
    "app/blueprints/database",
    ("flask-alembic>=3.3", "flask-sqlalchemy-lite>=0.2.1", "sqlalchemy>=2.1"),
)
SHARED = {"app", "app/static"}  # folders of modules and styles that several charts or parts use
FOLDERS = (
    SHARED
    | {"tests"}
    | {  # that have files of others
        f"app/{name}" for name in ("blueprints", "charts", "engine", "loaders", "templates")
    }
)
REDIS = Part("redis", "redis", "app/engine/shared.py", ("redis>=8.0",))


def add_part(
    project: Project,
    part: Part,
    echo: Echo,
    dry_run: bool = False,
    draft: Callable[[Path], None] = lambda _: None,
) -> None:
    """Write the files of a part, and those that `draft` adds to them, and add its packages.

    Files that the project has already, and that several parts or charts use, stay as they are.
    """
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
        draft(root)
        render.format_code(root)
        record = {
            "files": [str(path) for path in _own_files(project, part, root)],
            "needs": list(part.needs),
            "brings": list(part.brings),
        }
        record["packages"] = [
            package
            for package in map(package_name, part.requires)
            if package not in map(package_name, project.dependencies())
            or package in _listed_by_others(project, part.name, "packages")
        ]
        earlier = _record(project, part.name)
        for key in ("packages", "brings"):
            record[key] += set(earlier.get(key, ())) - {*record[key]}
        render.record_part(part.name, part.answers, root, **record)
        render.keep_originals(root)
        place(project, root, part.requires, part.name, echo, dry_run=dry_run)


def _own_files(project: Project, part: Part, root: Path) -> list[PurePosixPath]:
    """Return the drafted files that go with a part; delete shared ones that the project has."""
    listed = _listed_by_others(project, part.name, "files")
    listed |= {*_record(project, part.name).get("files", ())}
    own = []
    for path in render.files(root):
        if path.parts[0] == render.ORIGINALS.name:
            continue
        if _is_shared(path) and (project.root / path).exists():
            (root / path).unlink()
            if str(path) not in listed:
                continue  # a chart brought it
        own.append(path)
    return own


def _is_shared(path: PurePosixPath) -> bool:
    """Return whether several parts or charts may use a file, such as app/blueprints/_forms.py."""
    is_private = path.name.startswith("_") and path.name != "__init__.py"
    return is_private or str(path.parent) in SHARED


def _listed_by_others(project: Project, name: str, key: str) -> set[str]:
    """Return what the records of other parts list, such as their files."""
    parts = {path.stem for path in (project.root / render.PARTS).glob("*.json")} - {name}
    return {entry for part in parts for entry in _record(project, part).get(key, ())}


def brings(project: Project, needed: Part, name: str) -> tuple[str, ...]:
    """Return what a part of this name brings if it needs another: that, unless it is there alone."""
    is_brought = needed.name in _listed_by_others(project, name, "brings")
    return () if is_part(project, needed.name) and not is_brought else (needed.name,)


def is_part(project: Project, name: str) -> bool:
    """Return whether a part of this name was added to the project."""
    return bool(_record(project, name).get("files"))


def files_of(project: Project, name: str) -> list[str]:
    """Return the files of a part, relative to the project."""
    return list(_record(project, name).get("files", ()))


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
    needed = _listed_by_others(project, name, "files") | set(_imported_modules(project, files))
    for file in files:
        if str(file) in needed or not (project.root / file).is_file():
            continue
        for path in (project.root / file, project.root / render.original_of(file)):
            path.unlink(missing_ok=True)
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
    for part in record.get("brings", ()):
        if _is_imported(project, part):
            echo(f"keep      {part}: other code uses it")
        else:
            remove_part(project, part, echo, force)


def _imported_modules(project: Project, files: Sequence[PurePosixPath]) -> Iterator[str]:
    """Yield the modules in app/ among the files of a part that code outside of it imports."""
    paths = {*(project.root / "app").rglob("*.py")} - {project.root / file for file in files}
    texts = [path.read_text("utf-8", "replace") for path in paths]
    for file in files:
        module = re.compile(rf"app\.{file.stem}\b|from app import .*\b{file.stem}\b")
        if str(file.parent) == "app" and any(map(module.search, texts)):
            yield str(file)


def _is_imported(project: Project, part: str) -> bool:
    """Return whether code outside of a part in app/blueprints imports it."""
    home = project.root / "app/blueprints" / part
    paths = [path for path in (project.root / "app").rglob("*.py") if home not in path.parents]
    return any(f"blueprints.{part}" in path.read_text("utf-8", "replace") for path in paths)


def _record(project: Project, name: str) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        record = json.loads((project.root / render.PARTS / f"{name}.json").read_text("utf-8"))
        if isinstance(record, dict):
            return record
    return {}


def _refuse_changes(project: Project, name: str, files: Sequence[PurePosixPath]) -> None:
    """Raise FlaskdashError if its owner changed a part, or put files into its folders."""
    edited = [file for file in files if _is_edited(project.root, file)]
    folders = {file.parent for file in files if str(file.parent) not in FOLDERS}
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
    module = rf"(^\s*(import|from) |\+){package.replace('-', '_')}\b"
    texts = (path.read_text("utf-8", "replace") for path in (project.root / "app").rglob("*.py"))
    return any(re.search(module, text, re.MULTILINE) for text in texts)
