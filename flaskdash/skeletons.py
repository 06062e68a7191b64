"""The folder of the skeletons."""

from __future__ import annotations

from pathlib import Path

# A checkout has the skeletons at its root, the wheel has them inside the package.
PACKAGE = Path(__file__).parent
TEMPLATES = next(
    folder for folder in (PACKAGE / "templates", PACKAGE.parent / "templates") if folder.is_dir()
)
