"""The rule about the case of file names, which Windows and macOS ignore and Linux does not."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from flaskdash.check import syntax
from flaskdash.check.rule import Finding
from flaskdash.project import Project
from flaskdash.ship import files

# A page or a loader names a file from one of these folders.
BASES = tuple(PurePosixPath(name) for name in (".", "app", "app/static", "app/templates"))
QUOTED = re.compile(r"""["']([^"'<>\s?#]+\.\w+)["'?#]""")


def case(project: Project) -> Iterator[Finding]:
    """Report names that are equal on Windows and macOS, and different on a Linux server."""
    paths = files.shipped(project)
    by_lower_case = defaultdict(list)
    for path in paths:
        by_lower_case[str(path).lower()].append(path)
    for first, *duplicates in by_lower_case.values():
        if duplicates:
            yield Finding(
                f"{first} and {duplicates[0]} differ only in case: Windows and macOS have room for one"
                " of them",
                f"git mv {duplicates[0]} NEW_NAME",
            )
    names_in = cache(lambda folder: {path.name for path in folder.iterdir()})
    for path in paths:
        if (actual := _on_disk(project.root, path, names_in)) != path:
            yield Finding(
                f"git has {path}, but the file is {actual}: on a Linux server, these are two files",
                f"git mv {path} {actual}",
            )
    yield from _check_references(project, paths)


def _on_disk(
    root: Path, path: PurePosixPath, names_in: Callable[[Path], set[str]]
) -> PurePosixPath:
    """Return a path with the names that its folders list."""
    names = []
    folder = root
    for part in path.parts:
        listed = names_in(folder)
        match = (name for name in sorted(listed) if name.lower() == part.lower())
        names.append(part if part in listed else next(match, part))
        folder /= names[-1]
    return PurePosixPath(*names)


def _check_references(project: Project, paths: Iterable[PurePosixPath]) -> Iterator[Finding]:
    """Report texts in code and templates that are the path of a file but for its case."""
    exact = {
        str(path.relative_to(base)) for base in BASES for path in paths if path.is_relative_to(base)
    }
    actual = {path.lower(): path for path in exact}
    for file, text in _texts(project, paths):
        name = text.removeprefix("./").lstrip("/")
        if "." in name and name not in exact and name.lower() in actual:
            yield Finding(
                f"{file} names {text}, but the file is {actual[name.lower()]}: a Linux server does"
                " not find it",
                f"Write {actual[name.lower()]} in {file}",
            )


def _texts(project: Project, paths: Iterable[PurePosixPath]) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield the texts in the project's code and templates, each with its file."""
    for path, tree in syntax.modules(project):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value
    for path in paths:
        if path.suffix in {".html", ".css"}:
            for text in dict.fromkeys(QUOTED.findall(syntax.text(project, path))):
                yield path, text
