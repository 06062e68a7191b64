"""A project: the folder that `flaskdash new` wrote, found from anywhere inside it."""

import io
import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaskdash.errors import FlaskdashError


@dataclass(frozen=True)
class Project:
    """Where a project lives, and what it is called."""

    root: Path
    name: str
    title: str

    @classmethod
    def find(cls, start: Path) -> "Project":
        """Return the project around `start`: the nearest folder upwards with [tool.flaskdash]."""
        for folder in (start.resolve(), *start.resolve().parents):
            file = folder / "pyproject.toml"
            if not file.is_file():
                continue
            settings = _read(file)
            table = settings.get("tool", {}).get("flaskdash")
            if isinstance(table, dict):
                name = str(settings.get("project", {}).get("name", folder.name))
                return cls(root=folder, name=name, title=str(table.get("title", name)))
        raise FlaskdashError(
            "not inside a flaskdash project",
            hint="flaskdash new myproj --data FILE, then cd myproj",
        )

    def dependencies(self) -> list[str]:
        """Return what pyproject.toml lists as the project's dependencies."""
        listed = _read(self.root / "pyproject.toml").get("project", {}).get("dependencies", [])
        return [str(one) for one in listed]

    def relative(self, path: Path) -> str:
        """Return a path in the project as people write it: app/charts/x.py."""
        return path.relative_to(self.root).as_posix()

    @property
    def loaders(self) -> Path:
        """Return the folder with one file per loader."""
        return self.root / "app" / "loaders"

    @property
    def charts(self) -> Path:
        """Return the folder with one file per chart."""
        return self.root / "app" / "charts"

    @property
    def instance(self) -> Path:
        """Return the folder for what the running project writes, such as snapshots."""
        moved = os.environ.get("INSTANCE_PATH", dotenv(self.root / ".env").get("INSTANCE_PATH"))
        return self.root / (moved or "instance")

    @property
    def scripts(self) -> Path:
        """Return the folder of the programs in the project's own environment."""
        return self.root / ".venv" / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def python(self) -> Path:
        """Return the Python of the project's own environment, which may not exist yet."""
        return self.scripts / ("python.exe" if sys.platform == "win32" else "python")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FlaskdashError(f"{file} is not valid TOML: {error}") from error
    except OSError as error:
        raise FlaskdashError(f"cannot read {file}: {error.strerror or error}") from error


def dotenv(path: Path) -> dict[str, str]:
    """Return the variables that a file such as .env sets, as the project itself reads them."""
    from dotenv import dotenv_values

    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return {}
    values = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value is not None}


def dotenv_line(item: tuple[str, str]) -> str:
    """Return a variable as a line of .env, which python-dotenv and shells read alike."""
    name, value = item
    if not value.startswith("sqlite:"):
        for sign in "'\"\\$`# ":
            value = value.replace(sign, f"%{ord(sign):02X}")
    return f"{name}='{value}'"
