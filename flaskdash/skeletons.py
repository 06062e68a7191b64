"""Where the skeletons are."""

from __future__ import annotations

from pathlib import Path

# A checkout keeps the skeletons at its root; the wheel carries them inside the package.
HERE = Path(__file__).parent
TEMPLATES = next(
    folder for folder in (HERE / "templates", HERE.parent / "templates") if folder.is_dir()
)
