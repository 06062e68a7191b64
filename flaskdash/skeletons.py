"""The folder of the skeletons."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

# A checkout has the skeletons at its root, the wheel has them inside the package.
PACKAGE = Path(__file__).parent
TEMPLATES = next(
    folder for folder in (PACKAGE / "templates", PACKAGE.parent / "templates") if folder.is_dir()
)


def import_module(path: str) -> ModuleType:
    """Import a module of a skeleton, by its path in the folder: the code that a project gets."""
    name = f"flaskdash_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, TEMPLATES / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # the decorator of dataclasses looks it up there
    spec.loader.exec_module(module)
    return module
