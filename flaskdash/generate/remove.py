"""Remove what was generated: refuse where a file was edited, and show the difference."""

from __future__ import annotations

import difflib
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath

from flaskdash.errors import FlaskdashError
from flaskdash.generate import render
from flaskdash.progress import Echo
from flaskdash.project import Project, contents


def remove(project: Project, name: str, echo: Echo, force: bool = False) -> None:
    """Delete a chart or a loader by name, with what flaskdash keeps about it."""
    name, path = _find(project, name)
    relative = PurePosixPath(path.relative_to(project.root).as_posix())
    original = project.root / render.original_of(relative)
    if path.parent == project.loaders:
        users = [c.name for c in contents.charts(project).values() if c.data == name]
        if users and not force:
            raise FlaskdashError(
                f"charts are drawn from {name}: {', '.join(users)}; nothing was removed",
                hint=f"flaskdash remove {users[0]}, and the others, first",
            )
    if not force:
        _refuse_edited(path, relative, original)
    files = [path, original]
    if path.parent == project.loaders:
        files += project.instance.glob(f"{name}.*.parquet")
        files += [project.instance / f"{name}.{end}" for end in ("json", "lock")]
        files += _copy(project, name, echo)
    for file in files:
        if file.is_file():
            file.unlink()
            inside = file.is_relative_to(project.root)
            echo(f"remove    {(file.relative_to(project.root) if inside else file).as_posix()}")
    if path.parent == project.loaders:  # what a database answered
        shutil.rmtree(project.instance / f"{name}.live", ignore_errors=True)
    for folder in {file.parent for file in files if project.root / "data" in file.parent.parents}:
        with suppress(OSError):  # what is left in it keeps it
            folder.rmdir()


def _find(project: Project, name: str) -> tuple[str, Path]:
    """Return what the project calls a chart or a loader, and its file."""
    stem = PurePosixPath(name).name.removesuffix(".py").lower().replace("-", "_")
    there = [*contents.modules(project.charts), *contents.modules(project.loaders)]
    found = [path for each, path in there if each == stem]
    if "/" in name:
        found = [path for path in found if path.parent.name == PurePosixPath(name).parent.name]
    if len(found) > 1:
        raise FlaskdashError(
            f"{stem} is a chart and a loader", hint=f"flaskdash remove charts/{stem}"
        )
    if not found:
        known = [*contents.charts(project), *contents.loaders(project)]
        near = difflib.get_close_matches(stem, known, 1, 0.6)
        also = f"; did you mean {near[0]!r}?" if near else ""
        raise FlaskdashError(f"no chart or loader {name!r}{also}", hint="flaskdash list")
    return stem, found[0]


def _refuse_edited(path: Path, relative: PurePosixPath, original: Path) -> None:
    if not original.is_file():
        raise FlaskdashError(
            f"{relative} was not made by flaskdash, or its original is gone; nothing was removed",
            hint="delete the file yourself, or --force",
        )
    then, now = original.read_text("utf-8"), path.read_text("utf-8")
    if then != now:
        difference = "\n".join(
            difflib.unified_diff(
                then.splitlines(), now.splitlines(), "as generated", "as it is", lineterm=""
            )
        )
        raise FlaskdashError(
            f"{relative} was edited since; nothing was removed\n{difference}",
            hint="--force removes it all the same",
        )


def _copy(project: Project, name: str, echo: Echo) -> list[Path]:
    """Return a loader's copies of its source, and their digests, where they are still the same."""
    loaders = contents.loaders(project)
    source = PurePosixPath(loaders[name].source)
    if any(each.source == str(source) for each in loaders.values() if each.name != name):
        return []
    folder = project.root / source
    copies = [source]
    if loaders[name].source and folder.is_dir():
        copies = [source / one.name for one in sorted(folder.iterdir())]
    return [file for copy in copies for file in _unchanged(project, copy, echo)]


def _unchanged(project: Project, copy: PurePosixPath, echo: Echo) -> list[Path]:
    """Return a copy and its digest; the digest alone, with a word, if the copy changed."""
    kept = project.root / render.digest_of(copy)
    if not kept.is_file():
        return []
    if render.digest(project.root / copy) != kept.read_text("utf-8").strip():
        echo(f"keep      {copy}: it changed since it was added")
        return [kept]
    return [project.root / copy, kept]
