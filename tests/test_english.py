"""Names say what they hold: none of those that could hold anything (found, one, said, ...)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Participles and pronouns: a reader has to look up what they stand for.
FORBIDDEN = frozenset(
    """asked found gone kept meant mine one ones other others ours rest said seen shown stood taken
    that theirs there thing things this those told took wanted was way ways what which who
    why""".split()
)
FOLDERS = ("flaskdash", "templates", "tests", "bench", "docs")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if not {".venv", ".work"} & {*path.parts}
    and "{{cookiecutter" not in path.name
    and "{{ cookiecutter." not in path.read_text("utf-8")
)


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each name that is assigned, taken as a parameter, or defined, and its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno


def offenders(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    place = path.relative_to(ROOT).as_posix()
    return [
        f"{place}:{line}: {name}"
        for name, line in names(tree)
        if re.sub(r"^_+|_+$", "", name).lower() in FORBIDDEN
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_say_what_they_hold(folder: str) -> None:
    paths = [path for path in FILES if path.is_relative_to(ROOT / folder)]
    assert paths
    assert [offender for path in paths for offender in offenders(path)] == []


def test_the_rule_sees_each_kind_of_name() -> None:
    code = "found = 1\nclass Told:\n def said(self, one): self.kept = one\nimport a as rest"
    assert {name for name, _ in names(ast.parse(code))} >= {
        "found",
        "Told",
        "said",
        "one",
        "kept",
        "rest",
    }
