"""The text and the syntax trees of the project's files, for rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from flaskdash.project import Project
from flaskdash.ship import files


def text(project: Project, path: PurePosixPath | str) -> str:
    """Return the text of a file; "" if it cannot be read."""
    try:
        return (project.root / path).read_text("utf-8", "replace")
    except OSError:
        return ""


def modules(project: Project) -> Iterator[tuple[PurePosixPath, ast.Module]]:
    """Yield the Python files that run in production, each with its tree."""
    for path in files.shipped(project):
        if path.suffix != ".py" or path.parts[0] == "tests" or files.escapes(project, path):
            continue
        try:
            yield path, _parse(text(project, path))
        except (SyntaxError, ValueError):
            continue  # the project's tests report it


@cache
def _parse(text: str) -> ast.Module:
    """Parse a file once for all rules, which do not change the tree."""
    return ast.parse(text)


def called(node: ast.expr) -> str:
    """Return the last name of a function: read_csv of pd.read_csv."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def constants(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a module assigns to names."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
