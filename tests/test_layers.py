"""A module imports what is below it: no circles, and nothing of the commands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What a package may import, besides the modules at the top such as errors and shell.
BELOW = {
    "inspect": (),
    "charts": ("inspect",),
    "project": ("inspect",),
    "generate": ("charts", "inspect", "project"),
    "serve": ("project",),
    "ship": ("project",),
    "check": ("project", "serve", "ship"),
    "deploy": ("check", "generate", "project", "serve", "ship"),
}


def name_of(path: Path) -> str:
    """Return a module's name; the code of a package's own __init__ goes by that name below it."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {name_of(path): path for path in (ROOT / "flaskdash").rglob("*.py")}


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a module's nodes, without those for the type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from nodes(node)


def module_of(name: str) -> str | None:
    return next((full for full in (name, f"{name}.__init__") if full in MODULES), None)


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of flaskdash that a module imports, also within functions."""
    for node in nodes(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flaskdash"):
            for alias in node.names:
                module = module_of(f"{node.module}.{alias.name}") or module_of(str(node.module))
                if module:
                    yield module


IMPORTS = {name: set(imports(path)) for name, path in MODULES.items()}
PACKAGES = sorted(name.removesuffix(".__init__") for name in MODULES if name.endswith("__init__"))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circle_in_a_package(package: str) -> None:
    """Modules and folders of one package, each folder as a whole, have an order."""
    prefix = f"{package}."
    graph: dict[str, set[str]] = {}
    for name, imported in IMPORTS.items():
        if name.startswith(prefix):
            child = name.removeprefix(prefix).split(".")[0]
            inside = {
                x.removeprefix(prefix).split(".")[0] for x in imported if x.startswith(prefix)
            }
            graph.setdefault(child, set()).update(inside - {child})
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle in {package}: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("package", BELOW)
def test_a_package_imports_those_below_it_alone(package: str) -> None:
    allowed = {package, *BELOW[package]}
    for name, imported in IMPORTS.items():
        if name.startswith(f"flaskdash.{package}."):
            used = {x.split(".")[1] for x in imported if x.count(".") > 1}
            assert used <= allowed, f"{name} imports {used - allowed}"


def test_every_package_has_its_place() -> None:
    folders = {name.split(".")[1] for name in MODULES if name.count(".") > 1}
    assert folders == {*BELOW, "commands"}


def test_commands_are_imported_by_commands_alone() -> None:
    users = {n for n, m in IMPORTS.items() if any(x.startswith("flaskdash.commands") for x in m)}
    assert {name for name in users if not name.startswith("flaskdash.commands.")} == set()


def test_no_test_imports_another() -> None:
    """What tests share is in tests/support/, and fixtures are in conftest.py."""
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
                assert (node.module or "").startswith("tests.support"), path.relative_to(ROOT)
