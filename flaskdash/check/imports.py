"""A rule about imports: the dependencies must install all that the code imports."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from flaskdash import shell
from flaskdash.check import syntax
from flaskdash.check.rule import Finding
from flaskdash.project import Project
from flaskdash.ship import lockfile

LIST_MODULES = (
    "import json, sys, importlib.metadata as m\n"
    "print(json.dumps([sorted(sys.stdlib_module_names), m.packages_distributions()]))"
)
# Modules whose package has another name on the index.
PACKAGES = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def imports(project: Project) -> Iterator[Finding]:
    """Find imports of packages that no main dependency of the project installs."""
    if not project.python.exists() or not lockfile.packages(project.root):
        return  # the rules of the environment and of the lock report it
    output = shell.run([str(project.python), "-I", "-c", LIST_MODULES], cwd=project.root)
    standard, installed = json.loads(output.strip().rpartition("\n")[2])
    locked = lockfile.production(project.root)
    reported = set()
    for path, name, line in _imported(project):
        if name in reported or name in standard or _is_own(project, path, name):
            continue
        packages = installed.get(name) or []
        if {_canonical(package) for package in packages or [name]} & locked:
            continue
        reported.add(name)
        reason = "only a development dependency installs" if packages else "no dependency installs"
        package = packages[0] if packages else PACKAGES.get(name, name)
        yield Finding(f"{path}, line {line} imports {name}, which {reason}", f"uv add {package}")


def _imported(project: Project) -> Iterator[tuple[PurePosixPath, str, int]]:
    for path, tree in syntax.modules(project):
        for node in _running(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield path, alias.name.partition(".")[0], node.lineno
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield path, node.module.partition(".")[0], node.lineno


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that always run: without optional imports, type checks and platforms."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and re.search("TYPE_CHECKING|platform", ast.dump(node.test)):
            continue
        if isinstance(node, ast.Try) and any(
            re.search("ImportError|ModuleNotFoundError", ast.dump(handler.type))
            for handler in node.handlers
            if handler.type is not None
        ):
            continue
        yield node
        yield from _running(node)


def _is_own(project: Project, path: PurePosixPath, name: str) -> bool:
    """Return whether a module is part of the project: at its root, or beside a script."""
    return any(
        (project.root / folder / name).is_dir() or (project.root / folder / f"{name}.py").is_file()
        for folder in {".", str(path.parent) if "app" not in path.parts else "."}
    )


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
