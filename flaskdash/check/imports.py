"""A rule about imports: what the code imports must be installed where it runs, too."""

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

ASK = (
    "import json, sys, importlib.metadata as m\n"
    "print(json.dumps([sorted(sys.stdlib_module_names), m.packages_distributions()]))"
)
# Where a package has another name on the index than in the code.
NAMES = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def imports(project: Project) -> Iterator[Finding]:
    """Find imports of what no dependency of the project itself brings."""
    if not project.python.exists() or not lockfile.packages(project.root):
        return  # the rules of the environment and of the lock say so
    asked = shell.run([str(project.python), "-I", "-c", ASK], cwd=project.root)
    standard, installed = json.loads(asked.strip().rpartition("\n")[2])
    locked = lockfile.production(project.root)
    told = set()
    for path, name, line in _imported(project):
        if name in told or name in standard or _is_own(project, path, name):
            continue
        brought = {_canonical(one) for one in installed.get(name, ())} or {_canonical(name)}
        if not brought & locked:
            told.add(name)
            package = next(iter(installed.get(name, ())), NAMES.get(name, name))
            has = (
                "only a development dependency brings"
                if installed.get(name)
                else "no dependency brings"
            )
            yield Finding(f"{path}, line {line} imports {name}, which {has}", f"uv add {package}")


def _imported(project: Project) -> Iterator[tuple[PurePosixPath, str, int]]:
    for path, tree in syntax.modules(project):
        for node in _running(tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    yield path, one.name.partition(".")[0], node.lineno
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield path, node.module.partition(".")[0], node.lineno


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs: not what is for type checkers or some systems, nor what may fail."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and re.search("TYPE_CHECKING|platform", ast.dump(node.test)):
            continue
        if isinstance(node, ast.Try) and any(
            "ImportError" in ast.dump(one.type) or "ModuleNotFoundError" in ast.dump(one.type)
            for one in node.handlers
            if one.type is not None
        ):
            continue
        yield node
        yield from _running(node)


def _is_own(project: Project, path: PurePosixPath, name: str) -> bool:
    """Return whether a module is the project's own; one beside a script at the root, too."""
    return any(
        (project.root / folder / name).is_dir() or (project.root / folder / f"{name}.py").is_file()
        for folder in {".", str(path.parent) if "app" not in path.parts else "."}
    )


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
